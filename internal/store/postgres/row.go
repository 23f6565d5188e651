package postgres

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"holdfast/internal/chat"
)

// row is one row of a result. NULL is the zero value.
type row []any

func (r row) text(i int) string { s, _ := r[i].(string); return s }
func (r row) ts(i int) chat.TS  { return chat.TS(r.text(i)) }
func (r row) int(i int) int64 {
	switch n := r[i].(type) {
	case int64:
		return n
	case int32:
		return int64(n)
	case int16:
		return int64(n)
	}
	return 0
}
func (r row) bool(i int) bool    { b, _ := r[i].(bool); return b }
func (r row) bytes(i int) []byte { b, _ := r[i].([]byte); return b }

// fit makes arguments fit for the database: it has no NUL and no broken UTF-8 in
// text, and no types of ours.
func fit(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = clean(v)
		case chat.TS:
			args[i] = clean(string(v))
		case json.RawMessage:
			args[i] = []byte(v)
		}
	}
	return args
}

func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return s
}

// broken says that a connection ended under a call.
func broken(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &op) ||
		strings.Contains(err.Error(), "conn closed")
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
