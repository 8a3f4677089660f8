"""Tests of ``spreadjobs_conform.conversation`` and ``channel``."""

from __future__ import annotations

import os
import threading
import time

import pytest
from kit_scripts import ECHO, RIGHT, python, talking_to
from spreadjobs_conform import payloads
from spreadjobs_conform.candidate import Candidate, FailingSample, Ops, Sample
from spreadjobs_conform.cures import KEEP_READ
from spreadjobs_conform.findings import Finding, Hang, HarnessFault, Interrupted, NotTestable
from spreadjobs_conform.patience import Patience, Wait
from spreadjobs_conform.responses import Answer
from spreadjobs_conform.stage import LiveStage


def answering(expression: str) -> str:
    """A worker that sends this for the request (i, p)."""
    return ECHO + f"for i, p in requests():\n    {expression}"


def test_right_worker_is_understood() -> None:
    """Samples, echoes and pieces go through, and each counts as a check. [RUN-5]"""
    with talking_to(RIGHT) as conv:
        conv.prepare("item")
        conv.ask_sample()
        conv.echo([1, "x"])
        request = conv.sized_request(5000)
        assert len(request.data) == 5000
        conv.expect_requests(request)
        conv.send_pieces([request.data[:100], request.data[100:]], "a request")
        conv.outcome(request)
        conv.silent(0.01, "afterwards")
        conv.alive("too early")
        conv.close_stdin()
        assert conv.exits() == 0
        conv.released()
        conv.no_response()
        assert conv.rest() == b""
        assert conv.checks == 11
        assert conv.last_size_bytes > 5000 - 100


def test_last_words_are_read_before_the_exit_is_judged() -> None:
    """What a worker wrote before it exited is seen, however late the kit looks; else it would pass. [SHUT-6]"""
    with talking_to(RIGHT + "\nsend(((i + 1, 0), None, None))") as conv:
        conv.prepare()
        conv.ask_sample()
        conv.close_stdin()
        os.waitid(os.P_PID, conv.process.pid, os.WEXITED | os.WNOWAIT)  # Without reading.
        assert conv.exits() == 0
        with pytest.raises(Finding, match="which nobody asked for"):
            conv.no_response()


def test_hang_is_diagnosed() -> None:
    """A response that does not come is told with the request, the limit, the bytes and the state. [RUN-3]"""
    code = answering("write.write(b'\\x80\\x04X'); write.flush(); load(read)")
    with talking_to(code, "WIRE-3") as conv:
        conv.prepare()
        with pytest.raises(Hang) as caught:
            conv.ask_sample()

    assert caught.value.requirement == "WIRE-3"
    assert caught.value.also == ("RUN-3",)
    assert caught.value.came.startswith("no response to request 1 within 1")
    assert "3 bytes of an unfinished message came" in caught.value.came
    assert "the worker is alive" in caught.value.came


def test_silent_hang_has_a_cure() -> None:
    """A worker that reads on and answers nothing, not at the end of its input either, has not kept what it read."""
    with talking_to(answering("pass")) as conv:
        conv.prepare()
        with pytest.raises(Hang, match="nothing came; the worker is alive, sleeping in read") as caught:
            conv.ask_sample()
        assert caught.value.cure == KEEP_READ


def test_busy_worker_has_no_cure() -> None:
    """A worker that is busy with something else gets no guess."""
    with talking_to(answering("time.sleep(60)")) as conv:
        conv.prepare()
        with pytest.raises(Hang) as caught:
            conv.ask_sample()
        assert caught.value.cure == ""


@pytest.mark.parametrize(
    ("expression", "came"),
    [
        ("os._exit(3)", "nothing came; the worker has exited with status 3"),
        ("write.write(b'(abc'[:2]); write.flush(); os.kill(os.getpid(), 9)", "no message"),
        ("os.close(1); time.sleep(60)", "the worker is alive"),
    ],
)
def test_end_of_output_is_told_with_the_status(expression: str, came: str) -> None:
    """A worker that ends in place of a response is a finding, with its status. [RUN-3]"""
    with talking_to(answering(expression)) as conv:
        conv.prepare()
        with pytest.raises(Finding, match=came):
            conv.ask_sample()


@pytest.mark.parametrize(
    ("expression", "requirement", "count"),
    [
        ("send(((i + 1, 'x'), None, None))", "RUN-5", 1),
        ("send((('TooBusy', i + 1, 0), None, None))", "BUSY-1", 1),
        ("send((('RemoteException', i + 1, '', '', ''), None, None))", "ERR-1", 1),
        ("send(((i, p['value']), None, None)); send(((i, p['value']), None, None))", "RUN-3", 2),
        ("k = globals().setdefault('k', i); send(((i if i < k + 2 else k + 1, p['value']), None, None))", "RUN-3", 3),
        ("j, q = load(read); send(((j, q['value']), None, None)); send(((i, p['value']), None, None))", "RUN-6", 2),
        ("send((('Alive', i + 5), None, None))", "RUN-11", 1),
        ("send(((i, 'another'), None, None))", "RUN-4", 1),
        ("send((('TooBusy', i, 0), None, None))", "RUN-4", 1),
        ("send((('RemoteException', i, 'T', 'm', ''), None, None))", "RUN-4", 1),
    ],
)
def test_wrong_responses_name_their_requirement(expression: str, requirement: str, count: int) -> None:
    """A wrong id, order, repetition, value or outcome is a finding of its own. [RUN-5]"""
    with talking_to(answering(expression), "RUN-4") as conv:
        conv.prepare()
        requests = [conv.sample() for _ in range(count)]
        conv.send(*requests)
        for request in requests[:-1] if requirement == "RUN-3" else ():
            conv.outcome(request)
        with pytest.raises(Finding) as caught:
            conv.outcome(requests[-1 if requirement == "RUN-3" else 0])

    assert caught.value.requirement == requirement


def test_alive_comes_before_a_response() -> None:
    """Alive is taken for no response. [RUN-11]"""
    with talking_to(answering("send((('Alive', i), None, None)); send(((i, p['value']), None, None))")) as conv:
        conv.prepare()
        conv.ask_sample()


def test_failures_of_what_is_not_served_make_a_case_not_testable() -> None:
    """A RemoteException to a payload that was never served, or to a rare value, is not testable, else a failure."""
    code = answering("send((('RemoteException', i, 'KeyError', 'op', ''), None, None))")
    with talking_to(code) as conv:
        conv.prepare()
        with pytest.raises(NotTestable, match="KeyError: op"):
            conv.ask(payloads.prepared(), [])
        with pytest.raises(NotTestable):
            conv.echo({1, 2}, rare=True)
        with pytest.raises(Finding, match="a failure"):
            conv.echo("plain")


def test_worker_of_its_own_is_asked_its_samples() -> None:
    """Samples of the manifest are sent in turn, known answers are checked, and a refusal is let pass. [BUSY-1]"""
    code = answering("send((('TooBusy', i, 0), None, None) if p == 'busy' else ((i, p.upper()), None, None))")
    samples = (Sample("a", "A", known=True), Sample("busy", 1, known=True), Sample("any"), Sample("b", "?", known=True))
    failing = FailingSample("raise")
    own = Candidate(command=(), ops=Ops.ABSENT, samples=samples, failing=failing, preparation=("first",))
    with talking_to(code, candidate=own) as conv:
        conv.prepare()
        assert conv.failing()[1] is failing
        for _ in range(3):
            conv.ask_sample()
        with pytest.raises(Finding, match="'B' came"):
            conv.ask_sample()
    with talking_to(code, candidate=Candidate(command=(), ops=Ops.ABSENT)) as conv:
        assert conv.failing()[1].type_name is None
        assert conv.sample().sample == Sample(payloads.echo("sample 1"), "sample 1", known=False)
    with talking_to(code) as conv:
        assert conv.failing()[1].type_name == "ValueError"


def test_output_is_noticed_where_none_may_come() -> None:
    """Bytes during a time of silence are quoted. [PREP-3]"""
    with talking_to("print('hello', flush=True); input()", "PREP-3") as conv, pytest.raises(Finding) as caught:
        conv.silent(10.0, "before anything was sent")

    assert "hello" in caught.value.came
    assert "stderr" in caught.value.cure


def test_exit_is_noticed_where_none_is_due() -> None:
    """A process that has gone is no proof of silence. [PREP-5]"""
    with talking_to("raise SystemExit(2)") as conv:
        conv.start()
        assert conv.wait(lambda: conv.process.status() is not None, Wait.EXIT)
        with pytest.raises(Finding, match="exited with status 2 before the end"):
            conv.alive("before the end")


def test_worker_that_does_not_read_or_exit_is_a_hang() -> None:
    """Neither a full pipe nor a process that stays holds the kit up. [SHUT-3]"""
    with talking_to("import time; time.sleep(60)", "SHUT-3") as conv:
        conv.send_bytes(bytes(1 << 20), "a mebibyte")
        with pytest.raises(Hang, match="what was sent is not read"):
            conv.close_stdin()
        conv.process.close_stdin()
        with pytest.raises(Hang, match="no exit within"):
            conv.exits()


def test_pieces_do_not_wait_for_ever() -> None:
    """A worker that reads nothing gets its pieces all the same, the later ones quickly. [WIRE-2]"""
    with talking_to("import time; time.sleep(60)") as conv:
        began_s = time.monotonic()
        conv.send_pieces([b"x"] * 100, "pieces")

    assert time.monotonic() - began_s < 30


def test_held_output_is_a_hang() -> None:
    """A child that holds standard output after the exit is named. [SHUT-4]"""
    with talking_to(ECHO + "subprocess.Popen(['sleep', '323'])", "SHUT-4") as conv:
        conv.prepare()
        conv.close_stdin()
        conv.exits()
        with pytest.raises(Hang, match="no end of standard output"):
            conv.released()


def test_late_response_is_found_and_text_is_none() -> None:
    """After the end, a further response is a finding and text is not. [SHUT-7]"""
    extra = "\nsend(((1, 'unasked'), None, None))"
    for tail, found in ((extra, True), ("\nprint('text')", False), ("", False)):
        with talking_to(RIGHT + tail) as conv:
            conv.prepare()
            conv.close_stdin()
            conv.exits()
            conv.ends_or(1.0)
            if found:
                with pytest.raises(Finding, match="nobody asked for"):
                    conv.no_response()
            else:
                conv.no_response()


def test_run_that_is_stopped_ends_its_waits() -> None:
    """A wait ends when the run is stopped."""
    with talking_to(RIGHT) as conv:
        stopped = threading.Event()
        stopped.set()
        conv.stage = LiveStage(Patience(1.0, time.monotonic), stopped)
        with pytest.raises(Interrupted):
            conv.pause(5.0)


def test_hints_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker gets the hints of a master, or none of them, and nothing that hides a missing flush. [EXEC-4]"""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    names = "sorted(v for v in os.environ if v.startswith(('SPREAD_JOBS_', 'PYTHONUNB')))"
    code = f"import os; print({names}, flush=True); input()"
    for hints, due in ((True, b"SPREAD_JOBS_CODEC"), (False, b"['SPREAD_JOBS_CONFORM_RUN']")):
        with talking_to(code) as conv:
            conv.start(hints=hints)
            while due not in conv.rest():
                conv.pause(0.01)
            assert due in conv.rest()


def test_worker_can_be_started_again() -> None:
    """A case may start its worker twice."""
    with talking_to(RIGHT) as conv:
        first = conv.process.pid
        conv.start_again(hints=False)
        assert conv.process.pid != first


def test_request_of_an_impossible_size_is_the_kits_fault() -> None:
    """A size that no request can have is not blamed on the worker."""
    with talking_to(RIGHT) as conv, pytest.raises(HarnessFault, match="of 5 bytes"):
        conv.sized_request(5)


def test_untagged_and_json_conversations() -> None:
    """Untagged requests are bare payloads, JSON ones are lines. [UNT-2]"""
    code = ECHO + "for p in requests(): send((p.get('value'), None, None))"
    with talking_to(code, candidate=Candidate(command=(), ops=Ops.SERVED, tagged=False)) as conv:
        conv.prepare()
        response = conv.ask_sample()
        assert isinstance(response.first, Answer)
        assert response.first.task_id is None
        request = conv.sized_request(300)
        conv.send(request)
        conv.outcome(request)
    code = "import json, sys\nfor line in sys.stdin:\n  m = json.loads(line)\n  if m: "
    code += "print(json.dumps([[float(m[0]), m[1]['value']], None, None]), flush=True)"
    with talking_to(code, candidate=Candidate(command=(), ops=Ops.SERVED, codec="json")) as conv:
        conv.prepare()
        conv.ask_sample()
        conv.echo([1, None, {"k": "é"}])
        raw = conv.raw_request(payloads.echo(1), lambda task_id: b'[%d, {"value": 1}]\n' % task_id)
        conv.send(raw)
        conv.expect_value(raw, conv.response(raw), 1, op="echo")


def test_flood_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker writes without end is dropped beyond a limit. [WIRE-4]"""
    monkeypatch.setattr("spreadjobs_conform.channel.MAX_PENDING_BYTES", 1 << 20)
    with talking_to("") as conv:
        object.__setattr__(conv.candidate, "command", ("yes",))
        conv.pause(0.3)
        assert conv._reader.pending_bytes() < 2 << 20


def test_conversation_that_never_began_has_nothing_to_tell() -> None:
    """Before its start a conversation has no standard error and nothing to end."""
    with talking_to(RIGHT) as conv:
        assert conv.stderr_lines(5) == []
        assert conv.candidate.command == python(RIGHT)


def test_counted_preparation_takes_no_other_items() -> None:
    """A worker that counts its items is sent those of its manifest, without a None, and no others. [PREP-4]"""
    with talking_to(RIGHT, candidate=Candidate(command=(), preparation=(1,), preparation_counted=True)) as conv:
        assert conv.preparation() == [conv.encode(1)]
        assert conv.open_preparation("another") == ([], conv.encode(1))
        with pytest.raises(NotTestable, match="preparation_ends"):
            conv.preparation("another")
