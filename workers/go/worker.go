// A worker in one file, for Go 1.19 and later: copy it and replace the part at its end. Build it with
// go build -o worker worker.go; prove it with spread-jobs-conform --codec json -- ./worker
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// ---- the wire: leave this part as it is; comments cite the requirements of spec/1.0 -------------
var requests, answers = movePipes() // WIRE-4: first of all, out of reach of prints and of children
var stringOrLongNumber = regexp.MustCompile(`"(?:\\.|[^"\\])*"|[-+.0-9Ee]{16,}`)
var Out, Err []string // A task may add lines to be shown to the user, with their ends (OUT-2).

func movePipes() (*bufio.Reader, *os.File) {
	in, _ := syscall.Dup(0)
	out, _ := syscall.Dup(1)
	syscall.CloseOnExec(in)
	syscall.CloseOnExec(out)
	syscall.Close(0) // What is opened next gets the lowest free number. (Not all systems have Dup2.)
	syscall.Open(os.DevNull, syscall.O_RDONLY, 0)
	syscall.Close(1)
	syscall.Dup(2)
	return bufio.NewReader(os.NewFile(uintptr(in), "in")), os.NewFile(uintptr(out), "out")
}

type TooBusy float64                                   // An error: not now, but in so many seconds.
type Failure struct{ Type, Message, Traceback string } // An error with a type name of its own.

func (e TooBusy) Error() string { return fmt.Sprintf("TooBusy for %g s", e) }
func (e Failure) Error() string { return e.Message }

// read gives the next message (JSON-1). The end of input ends the worker (PREP-5, SHUT-5, SHUT-6).
func read() (message json.RawMessage) {
	line, err := requests.ReadBytes('\n')
	if err != nil && len(line) == 0 {
		os.Exit(0)
	} else if err != nil || json.Unmarshal(line, &message) != nil {
		log.Fatalf("no message: %.80q", line)
	}
	return message
}

// respond writes a response (RUN-4), or nothing of one that cannot be encoded (ERR-4, JSON-4).
func respond(first ...any) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode([]any{first, Out, Err})
	for _, token := range stringOrLongNumber.FindAll(line.Bytes(), -1) {
		if n, _ := json.Number(token).Int64(); n > 1<<53-1 || n < -(1<<53-1) {
			return fmt.Errorf("%s is beyond 2**53-1; a float may go as json.Number, with e", token)
		}
	}
	if err != nil {
		return err
	} else if _, err = answers.Write(line.Bytes()); err != nil {
		os.Exit(1) // the master has gone
	}
	return err
}

// attempt does a task and responds, or gives an error, and nothing was written.
func attempt(id, payload json.RawMessage) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Failure{"panic", fmt.Sprint(p), string(debug.Stack())}
		}
	}()
	value, err := task(payload)
	if busy := TooBusy(0); errors.As(err, &busy) && busy >= 0 {
		return respond("TooBusy", id, busy)
	} else if err != nil {
		return err
	}
	return respond(id, value)
}

func main() {
	for prepare(); ; Out, Err = nil, nil {
		var request []json.RawMessage // Numbers in it stay as they came (JSON-7).
		json.Unmarshal(read(), &request)
		if err := attempt(request[0], request[1]); err != nil {
			f := Failure{fmt.Sprintf("%T", err), fmt.Sprint(err), ""}
			errors.As(err, &f)
			respond("RemoteException", request[0], f.Type, f.Message, f.Traceback)
		}
	}
}

// ---- conformance payloads (spec 1.0, section 14): delete when you are done testing --------------
func conformance(payload json.RawMessage) (any, error) {
	var p struct {
		Op, Type, Message, Key          string
		Delay_s, Times, Seconds, Status float64
		Value                           json.RawMessage
		Out, Err                        []string
	}
	err := json.Unmarshal(payload, &p)
	switch p.Op {
	case "raise":
		return nil, Failure{p.Type, p.Message, ""}
	case "busy":
		if refused[p.Key]++; refused[p.Key] <= p.Times {
			return nil, TooBusy(p.Delay_s)
		}
		return "done", nil
	case "print":
		Out, Err = p.Out, p.Err
	case "sleep":
		time.Sleep(time.Duration(p.Seconds * float64(time.Second)))
	case "exit":
		os.Exit(int(p.Status))
	case "prepared":
		return prepared, nil
	}
	return p.Value, err // Only echo has a value.
}

// ---- your part ----------------------------------------------------------------------------------
var prepared, refused = []json.RawMessage{}, map[string]float64{}

// prepare takes the items of main(stdin=...), up to a null (PREP-4). Without any: leave it empty.
func prepare() {
	for item := read(); string(item) != "null"; item = read() {
		prepared = append(prepared, item)
	}
}

// task does one task. An error, or a panic, is a RemoteException for the caller of main().
func task(payload json.RawMessage) (any, error) {
	var kit struct{ Op *string }
	if json.Unmarshal(payload, &kit); kit.Op != nil { // keep these lines while you test
		return conformance(payload)
	}
	var text string
	err := json.Unmarshal(payload, &text)
	return len(strings.Fields(text)), err
}
