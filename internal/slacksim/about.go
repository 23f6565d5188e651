package slacksim

// App is the app under test.
func (v View) App() App { return v.s.ws.app }

// Users returns everybody, the app's bot user among them.
func (v View) Users() []User {
	all := make([]User, 0, len(v.s.ws.users))
	for _, u := range v.s.ws.users {
		all = append(all, *u)
	}
	return all
}

// Seq is the number of the last change: as long as it stays, nothing has changed.
func (v View) Seq() int { return v.s.feed.last }
