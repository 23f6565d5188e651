package modelsim_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/modelsim"
)

const clientEnv = "MODELSIM_TEST_CLIENT"

// holdStreams is the client process of TestTenThousandStreams: it opens n
// streams, says "held", and keeps them until its standard input ends.
func holdStreams(addr string, n int) error {
	body := `{"model":"sim-fast","stream":true,"store":false,"input":"hold"}`
	request := fmt.Sprintf("POST /v1/responses HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for i := range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return fmt.Errorf("stream %d: %w", i, err)
		}
		defer c.Close()
		if _, err := c.Write([]byte(request)); err != nil {
			return err
		}
	}
	fmt.Println("held")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return nil
}

// TestTenThousandStreams holds 10,000 open streams, which must be cheap: small,
// no CPU while they wait, and gone when their clients are.
func TestTenThousandStreams(t *testing.T) {
	if spec := os.Getenv(clientEnv); spec != "" {
		addr, count, _ := strings.Cut(spec, " ")
		n, err := strconv.Atoi(count)
		if err == nil {
			err = holdStreams(addr, n)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	n := 10_000
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil || lim.Cur < uint64(n)+200 || testing.Short() {
		n = 500
	}
	sim := modelsim.New(modelsim.Options{})
	defer sim.Close()
	sim.AddRule(modelsim.Rule{Text: "late", Timing: &modelsim.Timing{FirstToken: time.Hour}})
	srv, err := sim.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	before := footprint()
	goroutines := runtime.NumGoroutine()
	addr := strings.TrimSuffix(strings.TrimPrefix(srv.URL(), "http://"), "/v1")
	client := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestTenThousandStreams$")
	client.Env = append(os.Environ(), clientEnv+"="+addr+" "+strconv.Itoa(n))
	in, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	if err := sim.Wait(ctx, func(st modelsim.Stats) bool { return st.Streams == n && st.Events == int64(2*n) }); err != nil {
		t.Fatal(err)
	}
	perStream := (footprint() - before) / uint64(n)
	perStreamGoroutines := (runtime.NumGoroutine() - goroutines) / n
	cpu, idle := cpuTime(), time.NewTimer(500*time.Millisecond)
	<-idle.C
	used := cpuTime() - cpu
	t.Logf("%d streams: %d bytes and %d goroutines each, %v CPU in 500 ms of idling", n, perStream, perStreamGoroutines, used)
	if perStream > 64<<10 || perStreamGoroutines > 2 {
		t.Errorf("a stream costs %d bytes and %d goroutines", perStream, perStreamGoroutines)
	}
	if used > 100*time.Millisecond {
		t.Errorf("idle streams used %v of CPU in 500 ms", used)
	}
	in.Close()
	if err := client.Wait(); err != nil {
		t.Error(err)
	}
	if err := sim.Wait(ctx, func(st modelsim.Stats) bool { return st.Streams == 0 && st.Cancelled == n }); err != nil {
		t.Error(err)
	}
}

// footprint is what the Go runtime holds: heap, stacks and the rest.
func footprint() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
