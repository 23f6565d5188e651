package document

type engine struct{}

func newEngine(Options) *engine                                  { return &engine{} }
func (e *engine) close() error                                   { return nil }
func (e *engine) read(b *budget, s *source, doc *Document) error { return unsupported(s) }
