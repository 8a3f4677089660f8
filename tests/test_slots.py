"""What holds for one worker: how much it may be sent, and when which limit runs out."""

from __future__ import annotations

import math

import attrs
import pytest

from spreadjobs.arglists import read_arglists
from spreadjobs.events import Exit, TaskId
from spreadjobs.settings import Settings
from spreadjobs.slots import (
    BACKLOG_WORK_S,
    GRACE_S,
    LARGEST_WINDOW,
    LINGER_S,
    SHORT_TASK_S,
    SlotState,
    WorkerPhase,
    WorkerState,
)
from spreadjobs.states import Event, WorkerMachine

LIMITS = Settings(task_timeout_s=10.0, start_timeout_s=15.0, shutdown_timeout_s=20.0, command_timeout_s=30.0)
NO_LIMITS = Settings(shutdown_timeout_s=None)


def worker(*task_ids: int, sent_s: float = 100.0) -> WorkerState:
    """A live worker to which these requests were sent."""
    machine = WorkerMachine()
    machine.happen(Event.STARTED)
    state = WorkerState(1, SlotState(read_arglists([["worker"]])[0]), "1.1", machine)
    for task_id in task_ids:
        machine.requests_sent([TaskId(task_id)])
        state.sent_s.append(sent_s)
        state.busy_since_s = state.oldest_since_s = sent_s
    return state


def test_grace_is_about_a_second() -> None:
    """A second lies between end of input, TERM and KILL where a run was stopped."""
    assert GRACE_S == 1.0


# --- limits


def test_idle_worker_has_no_limit() -> None:
    """A worker that holds nothing may wait for ever."""
    assert worker().deadline_s(LIMITS, command=False) == math.inf


def test_task_limit_counts_from_when_the_task_became_the_oldest() -> None:
    """A task's time-out starts when it becomes the oldest unanswered of its worker."""
    state = worker(7, 8)
    state.answered = 1
    state.oldest_since_s = 104.0

    assert state.deadline_s(LIMITS, command=False) == 114.0
    assert state.deadline_s(NO_LIMITS, command=False) == math.inf


def test_start_limit_counts_from_the_first_request_until_the_first_answer() -> None:
    """A worker whose first request comes late has its time from then; Alive does not lengthen it. [RUN-12]"""
    state = worker(7, sent_s=500.0)
    state.oldest_since_s = 509.0  # It said Alive.

    assert state.deadline_s(LIMITS, command=False) == 515.0

    state.answered = 1
    assert state.deadline_s(LIMITS, command=False) == 519.0


def test_shutdown_has_its_own_limit() -> None:
    """Behind the end of its input a worker has the limit of shutdown. [SHUT-10]"""
    state = worker(7)
    state.phase, state.since_s = WorkerPhase.CLOSING, 200.0

    assert state.deadline_s(LIMITS, command=False) == 220.0
    assert state.deadline_s(NO_LIMITS, command=False) == math.inf


def test_command_has_its_own_limit_and_none_unless_set() -> None:
    """The limit of shutdown never applies to a worker that was sent nothing. [CMD-3]"""
    state = worker()
    state.phase, state.since_s = WorkerPhase.CLOSING, 200.0

    assert state.deadline_s(LIMITS, command=True) == 230.0
    assert state.deadline_s(Settings(), command=True) == math.inf


def test_hurried_worker_has_a_second() -> None:
    """Where a run was stopped, every other limit gives way. [SHUT-10]"""
    state = worker(7)
    state.phase, state.since_s, state.hurried = WorkerPhase.CLOSING, 200.0, True

    assert state.deadline_s(NO_LIMITS, command=False) == 201.0
    assert state.deadline_s(LIMITS, command=True) == 201.0


@pytest.mark.parametrize("phase", [WorkerPhase.TERMINATED, WorkerPhase.KILLED])
def test_rungs_of_the_ladder_are_a_second_apart(phase: WorkerPhase) -> None:
    """TERM, KILL and giving up are a second apart, whatever else holds. [SHUT-10]"""
    state = worker(7)
    state.phase, state.since_s = phase, 200.0

    assert state.deadline_s(LIMITS, command=False) == 201.0
    assert not state.live


def test_ended_process_has_a_second_to_lose_its_output() -> None:
    """A grandchild can hold the pipe: the wait for the end of output is bounded. [SHUT-10]"""
    state = worker(7)
    state.exit, state.since_s = Exit(status=0), 200.0

    assert state.deadline_s(NO_LIMITS, command=False) == 201.0
    assert not state.live


def test_worker_that_closed_its_output_may_linger_a_little() -> None:
    """It leaves by itself, so it has to be gone soon. [RUN-13]"""
    state = worker(7)
    state.stdout_ended, state.since_s = True, 200.0

    assert state.deadline_s(NO_LIMITS, command=False) == 200.0 + LINGER_S
    assert not state.live


def test_worker_that_closed_its_input_has_the_limits_of_shutdown_and_of_its_task() -> None:
    """It can only answer what it holds, and the first limit that runs out counts. [RUN-7]"""
    state = worker(7)
    state.takes_more, state.since_s, state.answered = False, 200.0, 1
    state.oldest_since_s = 150.0

    assert state.deadline_s(LIMITS, command=False) == 160.0
    assert state.deadline_s(Settings(), command=False) == 230.0
    assert state.deadline_s(attrs.evolve(LIMITS, shutdown_timeout_s=None), command=False) == 160.0
    assert state.deadline_s(NO_LIMITS, command=False) == math.inf
    assert not state.live


# --- room


def test_room_is_what_the_window_leaves() -> None:
    """No more requests than the window are outstanding; beside a task that is sent alone, none. [RUN-8]"""
    state = worker(7)
    assert state.room() == 0

    state.window = 4
    assert state.room() == 3

    state.solo = True
    assert state.room() == 0


def test_busy_time_is_the_time_with_a_task() -> None:
    """What a worker did before counts, and what it does now."""
    state = worker(7)
    state.busy_s = 2.0

    assert state.held_s(103.0) == 5.0
    state.busy_since_s = None
    assert state.held_s(103.0) == 2.0


# --- the automatic window


@pytest.mark.parametrize(("held", "room"), [(0, 16), (12, 4), (13, 0), (16, 0)])
def test_a_wide_window_is_refilled_when_a_quarter_of_it_is_free(held: int, room: int) -> None:
    """One write carries many requests; a worker whose window is narrow is sent each as soon as it has room. [RUN-8]"""
    state = worker(*range(held))
    state.window = 16

    assert state.room() == room


def test_window_grows_step_by_step_while_tasks_are_short() -> None:
    """The window doubles at most a read, up to its largest. [RUN-8]"""
    state = worker()
    windows = []
    for _ in range(8):
        state.measured(4, 0.00001, backlog=False)
        windows.append(state.window)

    assert windows == [2, 4, 8, 16, 32, 64, 128, 128]
    assert LARGEST_WINDOW == 128


def test_window_holds_a_millisecond_of_work() -> None:
    """Only so much measured work is queued at a worker, never more."""
    state = worker()
    for _ in range(8):
        state.measured(1, 0.0001, backlog=False)
    assert state.window == 11

    for window in (5, 2):  # Half of it for an answer: perhaps others had the core.
        state.measured(1, 0.001, backlog=False)
        assert state.window == window


def test_many_answers_that_took_long_bring_a_window_down_at_once() -> None:
    """They are no accident, and nothing must be sent ahead of as many long tasks."""
    state = worker()
    for _ in range(8):
        state.measured(1, 0.000001, backlog=False)
    assert state.window == LARGEST_WINDOW

    state.measured(100, 100 * SHORT_TASK_S * 0.99, backlog=False)

    assert state.window == 1


def test_one_long_task_brings_the_window_back_to_one() -> None:
    """Long tasks never queue behind each other."""
    state = worker()
    for _ in range(8):
        state.measured(1, 0.000001, backlog=False)

    state.measured(1, SHORT_TASK_S * 1.01, backlog=False)

    assert state.window == 1


def test_more_is_queued_while_answers_wait_for_the_master() -> None:
    """With a backlog an answer takes long because it waits: only more requests a write make that shorter."""
    state = worker()
    for _ in range(8):
        state.measured(1, 0.002, backlog=True)
    assert state.window == 1 + round(BACKLOG_WORK_S / 0.002)

    state.measured(1, SHORT_TASK_S * 1.01, backlog=True)
    assert state.window == 5, "half of it, and what is wanted then"

    state.measured(1, BACKLOG_WORK_S * 1.01, backlog=True)
    assert state.window == 1, "tasks as long as that are never queued"


def test_answers_without_measurable_time_are_short() -> None:
    """A clock that did not move is no reason to divide by zero."""
    state = worker()
    state.measured(3, 0.0, backlog=False)

    assert state.window == 2
