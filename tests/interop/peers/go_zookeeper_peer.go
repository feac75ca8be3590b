// Lock of go-zookeeper/zk, or of its ancestor samuel/go-zookeeper, whichever CMake finds: does what it
// reads, as tests/interop/peer.h says.
//
//	go_zookeeper_peer ADDRESS SESSION_TIMEOUT_MS
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"@go_zookeeper@"
)

var (
	address        = os.Args[1]
	sessionTimeout = milliseconds(os.Args[2])
)

func milliseconds(text string) time.Duration {
	count, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return time.Duration(count) * time.Millisecond
}

type silent struct{}

func (silent) Printf(string, ...interface{}) {}

// contender is a lock in a session of its own.
type contender struct {
	session *zk.Conn
	lock    *zk.Lock
}

func contend(path string) (*contender, error) {
	session, _, err := zk.Connect([]string{address}, sessionTimeout, zk.WithLogger(silent{}))
	if err != nil {
		return nil, err
	}
	return &contender{session, zk.NewLock(session, path, zk.WorldACL(zk.PermAll))}, nil
}

// claim returns the full path of the claim that is held, which the package keeps to itself.
func (c *contender) claim() string {
	return reflect.ValueOf(c.lock).Elem().FieldByName("lockPath").String()
}

func hold(number, path string, unlock <-chan bool) error {
	c, err := contend(path)
	if err != nil {
		return err
	}
	defer c.session.Close()
	if err := c.lock.Lock(); err != nil {
		return err
	}
	say(number, "granted "+c.claim())
	<-unlock
	if err := c.lock.Unlock(); err != nil {
		return err
	}
	say(number, "released")
	return nil
}

func count(number, path, directory, times string) error {
	remaining, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	c, err := contend(path)
	if err != nil {
		return err
	}
	defer c.session.Close()
	for ; remaining > 0; remaining-- {
		if err := c.lock.Lock(); err != nil {
			return err
		}
		if err := addOne(directory, c.claim()); err != nil {
			return err
		}
		if err := c.lock.Unlock(); err != nil {
			return err
		}
	}
	say(number, "counted")
	return nil
}

func addOne(directory, claim string) error {
	held := filepath.Join(directory, "held")
	file, err := os.OpenFile(held, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err // there is one
	}
	file.Close()
	counter := filepath.Join(directory, "counter")
	text, err := os.ReadFile(counter)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	grants, err := os.OpenFile(filepath.Join(directory, "grants"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer grants.Close()
	if _, err := grants.WriteString(claim + "\n"); err != nil {
		return err
	}
	if err := os.WriteFile(counter, []byte(strconv.Itoa(count+1)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Remove(held)
}

func say(number, what string) {
	fmt.Fprintf(os.Stdout, "%s %s\n", number, what) // one write, not torn
}

func main() {
	unlocks := map[string]chan bool{}
	work := func(number string, do func() error) {
		if err := do(); err != nil {
			say(number, "failed: "+err.Error())
		}
	}
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		words := strings.Fields(input.Text())
		number := words[1]
		switch words[0] {
		case "lock":
			unlock := make(chan bool, 1)
			unlocks[number] = unlock
			go work(number, func() error { return hold(number, words[2], unlock) })
		case "unlock":
			unlocks[number] <- true
		case "count":
			go work(number, func() error { return count(number, words[2], words[3], words[4]) })
		default:
			say(number, "failed: what is "+words[0]+"?")
		}
	}
}
