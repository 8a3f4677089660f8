"""``spreadjobs.worker`` in real processes: what serve() puts on the wire, whatever the task function does."""

from __future__ import annotations

import pytest
from conversation import Codec
from live_workers import CODECS, as_json, failure_of, served

from spreadjobs.worker import alive

# --- the wire


@pytest.mark.parametrize("protocol", range(6))
def test_an_answer_in_pickle_is_equal_and_of_the_same_type(protocol: int) -> None:
    """Values of the data model come back as they were, in any protocol both ways. [DATA-1]"""
    value: list[object] = [
        None,
        True,
        0,
        -1,
        2**63,
        -0.0,
        3.141592653589793,
        "",
        " lead\t\n\0\u2028\U0001f600",
        b"\0\n",
        (1, [2]),
    ]
    value += [{"a": {1: 2}}, {1, 2}, frozenset({3}), bytearray(b"x"), 1j, "\udc80"]

    with served("--pickle-protocol", str(protocol), protocol=protocol) as worker:
        response = worker.ask(10_000, {"op": "echo", "value": value})

        assert repr(response) == repr(((10_000, value), None, None))
        assert worker.end()[:2] == (0, "")


def test_an_answer_in_json_is_equal() -> None:
    """JSON values come back as they were, one compact line each. [JSON-1]"""
    value: list[object] = [
        None,
        True,
        0,
        -1,
        2**53 - 1,
        -0.0,
        1e-300,
        "",
        " lead\t\n\0\u2028\U0001f600é",
        {"a": {"b": []}},
    ]

    with served(codec="json") as worker:
        assert repr(worker.ask(10_000, {"op": "echo", "value": value})) == repr([[10_000, value], None, None])
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("written", ["100000.0", "1e5", "100000"])
def test_a_task_id_may_come_as_any_equal_number(written: str) -> None:
    """A JSON number that equals the id comes back as an int. [JSON-3]"""
    with served(codec="json") as worker:
        worker.send_bytes(b'\t[ %s , {"op":"echo","value":"\\u00e9"} ]\r\n' % written.encode())

        assert repr(worker.receive()) == "[[100000, 'é'], None, None]"


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_a_request_may_be_cut_anywhere(codec: Codec) -> None:
    """Requests are read right when cut at each byte in turn. [WIRE-2]"""
    with served(codec=codec) as worker:
        whole = worker.bytes_of((10_000, {"op": "echo", "value": [1, "two", None]}))
        for cut in range(1, len(whole)):
            worker.send_bytes(whole[:cut])
            worker.send_bytes(whole[cut:])

            assert as_json(worker.receive()) == [[10_000, [1, "two", None]], None, None]
        for byte in whole:
            worker.send_bytes(bytes([byte]))
        assert as_json(worker.receive()) == [[10_000, [1, "two", None]], None, None]


@pytest.mark.parametrize("codec", CODECS)
def test_many_requests_in_one_piece_are_answered_in_order(codec: Codec) -> None:
    """Requests that arrive together are answered one by one, in their order. [RUN-6]"""
    ids = range(10_000, 10_500)
    with served(codec=codec) as worker:
        worker.send(*((task_id, {"op": "echo", "value": task_id}) for task_id in ids))

        for task_id in ids:
            assert as_json(worker.receive()) == [[task_id, task_id], None, None]


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_sixteen_mebibytes_travel_both_ways(codec: Codec) -> None:
    """Large payloads and answers come through, and the next request is read right. [WIRE-5]"""
    text = "0123456789abcde\n" * 2**20
    value: object = text if codec == "json" else text.encode()
    with served(codec=codec) as worker:
        assert as_json(worker.ask(1, {"op": "echo", "value": value}) == worker.ask(1, {"op": "echo", "value": value}))
        response = worker.ask(1, {"op": "echo", "value": value})
        assert isinstance(response, tuple | list)
        assert response[0][1] == value
        assert worker.end()[0] == 0


def test_a_message_refers_to_nothing_before_it() -> None:
    """The memo of one request does not serve the next one. [PKL-8]"""
    with served() as worker:
        assert worker.ask(10_000, {"op": "echo", "value": "first"}) == ((10_000, "first"), None, None)
        # MARK, id, {"do": ..., reference 0}: a pickle that uses a memo it never filled
        worker.send_bytes(b"\x80\x02K\x01}h\x00K\x02s\x86.")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "Memo value not found" in errors


@pytest.mark.slow
def test_a_signal_does_not_cut_an_answer() -> None:
    """A handler of the user's interrupts a write to a full pipe; the rest of the answer follows. [WIRE-3]"""
    with served() as worker:
        worker.send((1, {"do": "tick_while_writing", "value": bytes(2**20)}))
        worker.wait_for_error("interrupted\n")

        assert worker.receive() == ((1, bytes(2**20)), None, None)
        assert worker.ask(2, {"op": "echo", "value": 3}) == ((2, 3), None, None)


@pytest.mark.parametrize("codec", CODECS)
def test_nested_values_travel(codec: Codec) -> None:
    """Values nested 100 deep come back. [DATA-2]"""
    value: object = "core"
    for _ in range(100):
        value = [value]
    with served(codec=codec) as worker:
        assert as_json(worker.ask(1, {"op": "echo", "value": value})) == [[1, value], None, None]


# --- outcomes


@pytest.mark.parametrize("codec", CODECS)
def test_an_exception_becomes_text(codec: Codec) -> None:
    """A failure has the type's name, the message and a traceback that begins in the task function. [ERR-1]"""
    with served(codec=codec) as worker:
        response = worker.ask(77, {"op": "raise", "type": "Boom", "message": "it's é"})
        assert isinstance(response, tuple | list)
        assert response[0][1] == 77
        type_name, message, text = failure_of(response)

        assert (type_name, message) == ("Boom", "it's é")
        assert text.startswith('Traceback (most recent call last):\n  File "')
        assert "in op_raise" in text
        assert text.splitlines()[1].endswith(", in do")
        assert as_json(worker.ask(78, {"op": "echo", "value": 1})) == [[78, 1], None, None]


@pytest.mark.parametrize(
    ("name", "type_name", "message"),
    [
        ("exit_politely", "SystemExit", "enough of it"),
        ("raise_unruly", "Unruly", "not even an Exception"),
        ("raise_odd", "Odd", "<its __str__ raised ValueError>"),
        ("raise_with_a_traceback_that_fails", "SyntaxError", "fine (line 1)"),
    ],
)
def test_whatever_a_task_raises_fails_the_task_alone(name: str, type_name: str, message: str) -> None:
    """SystemExit, odd exceptions and exceptions without text are failures, and the worker goes on. [ERR-4]"""
    with served() as worker:
        assert failure_of(worker.ask(1, {"do": name}))[:2] == (type_name, message)
        assert worker.ask(2, {"op": "echo", "value": 3}) == ((2, 3), None, None)


@pytest.mark.parametrize(("codec", "message"), [("pickle", "caf\udce9"), ("json", "caf?")])
def test_the_text_of_a_failure_can_always_travel(codec: Codec, message: str) -> None:
    """A lone surrogate in a message is replaced in JSON, and a str of the user's own type is made a str. [ERR-3]"""
    with served(codec=codec) as worker:
        type_name, text, traceback_text = failure_of(worker.ask(1, {"do": "raise_surrogate"}))

        assert (type_name, text, type(text)) == ("ValueError", message, str)
        assert traceback_text.endswith(f"ValueError: {message}\n")


@pytest.mark.parametrize("codec", CODECS)
def test_a_task_function_may_refuse(codec: Codec) -> None:
    """TooBusy is a refusal with its delay; its comment goes to the error stream; then the task is taken. [BUSY-1]"""
    payload = {"op": "busy", "key": "k", "delay_s": 2, "times": 2}
    with served(codec=codec) as worker:
        commented = {**payload, "comment": "first come, first served"}
        assert as_json(worker.ask(4, commented)) == [["TooBusy", 4, 2.0], None, None]
        assert as_json(worker.ask(5, payload)) == [["TooBusy", 5, 2.0], None, None]
        assert as_json(worker.ask(6, payload)) == [[6, "done"], None, None]
        assert "spreadjobs.worker: too busy: first come, first served\n" in worker.end()[2]


@pytest.mark.parametrize("delay_s", [-1, float("nan"), float("inf"), "soon", None, 10**400])
def test_a_delay_that_is_none_fails_the_task(delay_s: object) -> None:
    """A delay must be a finite number of 0 or more; another one is the task's error. [BUSY-1]"""
    with served() as worker:
        type_name, _, _ = failure_of(worker.ask(5, {"op": "busy", "key": 1, "delay_s": delay_s, "times": 1}))

        assert type_name in {"ValueError", "TypeError", "OverflowError"}


@pytest.mark.parametrize(
    ("codec", "payload", "part"),
    [
        ("pickle", {"do": "give_generator"}, "of type generator, cannot be sent: TypeError: cannot pickle 'generator'"),
        ("pickle", {"do": "give_talkative"}, "of type list, cannot be sent: Unruly: cannot be reduced"),
        ("pickle", {"do": "give_deep", "depth": 100_000}, "of type list, cannot be sent: RecursionError"),
        ("json", {"do": "give_generator"}, "it is of type generator, which JSON cannot carry (spec JSON-4)"),
        ("json", {"do": "give_set"}, "['deep'][1] is of type set, which JSON cannot carry (spec JSON-4)"),
        ("json", {"do": "give_numbers"}, "['a'][1] is an integer beyond 2**53-1"),
        ("json", {"do": "give_nan"}, "[0] is nan"),
        ("json", {"do": "give_number_key"}, "[0] has a key of type int"),
        ("json", {"do": "give_surrogate"}, "['é'] holds a lone surrogate"),
        ("json", {"do": "give_deep", "depth": 100_000}, "of type list, cannot be sent: RecursionError"),
    ],
)
def test_an_answer_that_cannot_travel_fails_the_task(codec: Codec, payload: object, part: str) -> None:
    """Nothing of it gets onto the wire, the failure names the value, and the worker goes on. [ERR-4] [JSON-4]"""
    with served(codec=codec) as worker:
        type_name, message, _ = failure_of(worker.ask(1, payload))

        assert type_name == "CannotEncode"
        assert part in message
        assert as_json(worker.ask(2, {"op": "echo", "value": 3})) == [[2, 3], None, None]


# --- signs of life


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("every_s", "signs"), [(0, 3), (1000, 1)])
def test_a_task_may_say_that_it_is_at_work(codec: Codec, every_s: int, signs: int) -> None:
    """Alive comes at once, and not more often than asked for. [RUN-11]"""
    with served(codec=codec) as worker:
        worker.send((5, {"do": "signs_of_life", "every_s": every_s}), (6, {"do": "sign_of_a_thread"}))

        for _ in range(signs):
            assert as_json(worker.receive()) == [["Alive", 5], None, None]
        assert as_json(worker.receive()) == [[5, None], None, None]
        if every_s == 0:
            assert as_json(worker.receive()) == [["Alive", 6], None, None]
        assert as_json(worker.receive()) == [[6, None], None, None]


def test_signs_of_life_come_again_after_a_while() -> None:
    """Once the time has passed, the next one is sent. [RUN-11]"""
    with served() as worker:
        worker.send((5, {"do": "signs_of_life", "every_s": 0.001, "pause_s": 0.002}))

        for _ in range(3):
            assert worker.receive() == (("Alive", 5), None, None)
        assert worker.receive() == ((5, None), None, None)


def test_a_sign_of_life_outside_of_a_worker_does_nothing() -> None:
    """A function that calls alive() can be tested where there is no master."""
    alive()
