//go:build !linux

package modelsim

import (
	"errors"
	"net"
)

func shrinkBacklog(net.Listener) error { return errors.ErrUnsupported }
