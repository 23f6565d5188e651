package modelsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"sync"
)

// seal makes the encrypted_content of a reasoning item. It carries a MAC over
// the item's id, so a changed, cut or moved one is found out; the key is the
// seed, so it outlives a restart.
func (s *Sim) seal(id string) string {
	mac := s.mac(id)
	pad := sha256.Sum256(mac)
	return "gAAAAA" + base64.RawURLEncoding.EncodeToString(append(append(pad[:], pad[:]...), mac...))
}

func (s *Sim) unseal(id, sealed string) bool {
	return hmac.Equal([]byte(s.seal(id)), []byte(sealed))
}

func (s *Sim) mac(id string) []byte {
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], s.opt.Seed)
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(id))
	return h.Sum(nil)
}

// promptCache knows which prompt prefixes were seen, as OpenAI's prompt cache
// does: from 1,024 tokens on, in steps of 128.
type promptCache struct {
	mu   sync.Mutex
	seen map[uint64]struct{}
}

const (
	cacheFrom = 1024 * 4 // bytes
	cacheStep = 128 * 4
	cacheMax  = 200_000 // prefixes; then it forgets all
)

// use returns how many tokens of the request's prefix were cached, and caches
// the whole.
func (c *promptCache) use(r *request) int {
	h := fnv.New64a()
	n, cached, hit := 0, 0, true
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil || len(c.seen) > cacheMax {
		c.seen = map[uint64]struct{}{}
	}
	feed := func(b []byte) {
		for len(b) > 0 {
			take := min(len(b), cacheStep-n%cacheStep)
			_, _ = h.Write(b[:take]) // a hash never fails
			b, n = b[take:], n+take
			if n < cacheFrom || n%cacheStep != 0 {
				continue
			}
			sum := h.Sum64()
			if _, ok := c.seen[sum]; ok && hit {
				cached = n
			} else {
				hit = false
				c.seen[sum] = struct{}{}
			}
		}
	}
	feed([]byte(r.Model))
	for _, t := range r.Tools {
		feed(t)
	}
	feed([]byte(r.Instructions))
	for _, it := range r.prior {
		feed(it.raw)
	}
	for _, it := range r.items {
		feed(it.raw)
	}
	return cached / 4
}
