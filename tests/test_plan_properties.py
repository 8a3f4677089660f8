"""Whatever workers do, in whatever order: every task of a run ends exactly once, and every run ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from plan_model import GARBAGE, ModelledPlan, Script

from spreadjobs.events import Came, Exit, Exited, NotStarted, Started, StdinBroken, StdoutEnded
from spreadjobs.outcomes import Answered, Cancelled, Failed, Quarantined
from spreadjobs.stall import stall_text

MOST_STEPS = 400
"""A run whose workers behave ends well within so many steps of the loop."""

natures = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 6, 7])


class Conversation(ModelledPlan):
    """Moves the clock, and lets workers do whatever they can do, right and wrong."""

    # --- rules: the master's side

    @rule(payloads=st.integers(0, 8), nature=natures)
    def turn(self, payloads: int, nature: int) -> None:
        """A turn of the loop: todo is taken lazily, workers are started and refilled."""
        self.nature = nature
        if not (self.ended or self.plan.exhausted):
            self.pull(payloads=payloads)
        self.obey(self.plan.dispatch(self.now_s))

    @rule(payloads=st.integers(1, 12), nature=natures, answers=st.integers(0, 3))
    def turn_in_which_all_goes_well(self, payloads: int, nature: int, answers: int) -> None:
        """What is started runs, what is sent is answered; then workers are refilled."""
        self.turn(payloads, nature)
        for script in self.candidates():
            if not script.started:
                self.start(script, "starts")
            elif script.talks and script.pipe:
                self.respond(script, ["answer"] * answers, 0)
        self.turn(payloads, nature)

    @rule(passed_s=st.sampled_from([0.0, 0.001, 0.06, 0.5, 1.0, 1.5, 3.0, 6.0, 40.0]))
    def time_passes(self, passed_s: float) -> None:
        """The clock goes on."""
        self.now_s += passed_s
        self.obey(self.plan.tick(self.now_s))

    @rule()
    def time_passes_until_something_is_due(self) -> None:
        """The loop slept as long as it was told to."""
        wake_s = self.plan.wake_s()
        if wake_s < math.inf:
            self.now_s = max(self.now_s, wake_s)
            self.obey(self.plan.tick(self.now_s))

    @precondition(lambda self: not self.ended and len(self.todo) > 0)
    @rule(now=st.sampled_from([False, False, False, True]))
    def all_of_todo_is_taken(self, now: bool) -> None:  # noqa: FBT001 - drawn
        """No further elements will come."""
        self.plan.exhausted = self.plan.exhausted or now

    @precondition(lambda self: not self.ended and len(self.todo) > 0)
    @rule(now=st.sampled_from([False, False, False, True]))
    def caller_gives_up_a_run_and_begins_another(self, now: bool) -> None:  # noqa: FBT001 - drawn
        """What is still at workers belongs to an earlier run from then on."""
        if not now:
            return
        self.ledger.cancel_all("the run was ended")
        self.collect()
        assert len(self.outcomes) == len(self.todo)
        self.ledger = self.new_ledger(self.ledger.next_task_id())
        self.plan.begin(self.ledger)
        self.todo, self.records, self.outcomes = [], [], {}
        self.requests.clear()

    @precondition(lambda self: not self.ended and len(self.todo) > 0)
    @rule(how=st.sampled_from(["not yet"] * 12 + ["finish", "stop", "abort"]))
    def caller_ends_the_workers(self, how: str) -> None:
        """The end of the block, of a run that was stopped, or an exception."""
        if how == "not yet":
            return
        self.ledger.cancel_all("the run was ended")
        self.ended = True
        if how == "abort":
            self.abort()
        else:
            self.obey(self.plan.finish(self.now_s, hurried=how == "stop"))

    def abort(self) -> None:
        """An exception: it may have come before a worker was started whose start was ordered."""
        for script in self.candidates():
            script.gone = not script.started
        self.obey(self.plan.abort(self.now_s))

    # --- rules: the workers' side

    @rule(number=st.integers(0, 7), nature=st.sampled_from([*["starts"] * 8, "fails", "fails", "is missing"]))
    def worker_starts_or_not(self, number: int, nature: str) -> None:
        """A process that was to be started is there, or could not be made."""
        script = self.pick(number, [script for script in self.candidates() if not script.started])
        if script is not None:
            self.start(script, nature)

    def start(self, script: Script, nature: str) -> None:
        """Tell that a worker was started, or not."""
        if nature == "starts":
            script.started = True
            self.tell(script, Started())
        else:
            script.gone = True
            self.tell(script, NotStarted(f"cannot start: {nature}", hopeless=nature == "is missing"))

    @rule(
        number=st.integers(0, 7),
        kinds=st.lists(st.sampled_from(["answer", "answer", "list", "busy", "raise", "alive"]), min_size=1, max_size=6),
        delay_s=st.sampled_from([0, 0.5, 20.0, 1e9]),
    )
    def worker_responds(self, number: int, kinds: list[str], delay_s: float) -> None:
        """The right responses to some of its requests, in order, in one read."""
        script = self.pick(number, [script for script in self.candidates() if script.talks and script.pipe])
        if script is not None:
            self.respond(script, kinds, delay_s)

    def respond(self, script: Script, kinds: Sequence[str], delay_s: float, wrong: Sequence[object] = ()) -> None:
        """Tell of responses of these kinds, as far as there are requests for them, and of what is none."""
        messages: list[object] = []
        for kind in kinds:
            if not script.pipe:
                break
            if kind == "alive":
                messages.append((("Alive", script.pipe[-1]), None, None))
                continue
            task_id = script.pipe.pop(0)
            position = self.requests.get(task_id)
            value = None if position is None else self.todo[position]
            if kind == "answer":
                messages.append(((task_id, value), None, None))
            elif kind == "list":
                messages.append([[task_id, value], "printed\n", []])
            elif kind == "raise":
                messages.append((("RemoteException", task_id, "ValueError", "no", ""), None, ["e\n"]))
            else:
                messages.append((("TooBusy", task_id, delay_s), None, None))
                script.rests_until_s = max(script.rests_until_s, self.now_s + 0.1 * min(1000, max(0.01, delay_s)))
            if kind != "busy":
                self.answered_slots.add(script.slot)
        self.tell(script, Came([*messages, *wrong]))

    @rule(
        number=st.integers(0, 7),
        before=st.integers(0, 2),
        wrong=st.sampled_from(["id", "earlier id", "float id", "shape", "out", "name", "none", "bytes", "delay"]),
    )
    def worker_breaks_the_protocol(self, number: int, before: int, wrong: str) -> None:
        """Right answers, and then something that no worker may write: it is killed, and the answers are kept."""
        script = self.pick(number, [script for script in self.candidates() if script.talks])
        if script is None or (script.stdin_closed and len(script.pipe) <= before):
            return  # In shutdown it would be text.
        script.accused = True
        if wrong == "bytes" or not script.pipe:
            self.tell(script, Came((), undue=GARBAGE, fault="no pickle" if script.pipe else ""))
        else:
            due = script.pipe[min(before, len(script.pipe) - 1)]
            message = {
                "id": ((due + 1, 0), None, None),
                "earlier id": ((99, 0), None, None),
                "float id": ((float(due), 0), None, None),
                "shape": ((due, 0), None),
                "out": ((due, 0), [1], None),
                "name": (("Later", due), None, None),
                "none": None,
                "delay": (("TooBusy", due, math.inf), None, None),
            }[wrong]
            self.respond(script, ["answer"] * min(before, len(script.pipe) - 1), 0, wrong=[message])
        assert script.killed, "a violation is the end of the worker"

    @rule(number=st.integers(0, 7))
    def worker_writes_text_in_shutdown(self, number: int) -> None:
        """The loop tells of a read even where it brought no message."""
        script = self.pick(number, [script for script in self.candidates() if script.talks and script.stdin_closed])
        if script is not None:
            self.tell(script, Came(()))

    @rule(number=st.integers(0, 7), inside=st.booleans())
    def worker_closes_its_output(self, number: int, inside: bool) -> None:  # noqa: FBT001 - drawn
        """End of standard output, inside a message or between two."""
        open_ = [script for script in self.candidates() if script.started and not script.stdout_ended]
        script = self.pick(number, open_)
        if script is not None:
            script.stdout_ended, script.inside = True, inside
            self.tell(script, StdoutEnded(inside_message=inside))

    @rule(number=st.integers(0, 7), status=st.sampled_from([1, None, 1, 0]))
    def worker_exits(self, number: int, status: int | None) -> None:
        """Its process ends: well, badly or by a signal. What holds its output may live on."""
        script = self.pick(number, [script for script in self.candidates() if script.runs])
        if script is not None:
            self.exit(script, status)

    def exit(self, script: Script, status: int | None) -> None:
        """Tell of the end of a process."""
        script.exited, script.status = True, status
        script.struck = status is None and not (script.accused or script.termed or script.killed)
        self.tell(script, Exited(Exit(status, "SIGKILL" if status is None else None)))

    @rule(number=st.integers(0, 7))
    def worker_closes_its_input(self, number: int) -> None:
        """The master finds that nobody reads what it writes."""
        open_ = [script for script in self.candidates() if script.runs and not script.stdin_closed]
        script = self.pick(number, open_)
        if script is not None and not script.stdin_broken:
            script.stdin_broken = True
            self.tell(script, StdinBroken())

    @rule(number=st.integers(0, 7), status=st.sampled_from([1, None, 1, None, 0]), turns=st.integers(0, 3))
    def worker_is_lost_with_what_it_holds(self, number: int, status: int | None, turns: int) -> None:
        """It ends all at once, time passes until its slot may be started again, and the run goes on."""
        held = [script for script in self.candidates() if script.runs and script.pipe and not script.stdout_ended]
        script = self.pick(number, held)
        if script is None:
            return
        script.stdout_ended = True
        self.tell(script, StdoutEnded(inside_message=False))
        self.exit(script, status)
        self.time_passes(5.0)
        for _ in range(turns):
            self.turn_in_which_all_goes_well(payloads=4, nature=0, answers=1)

    # --- what always holds

    @invariant()
    def books_agree(self) -> None:
        """Nothing is lost and nothing is doubled; the plan knows what the workers hold."""
        self.collect()
        assert self.ledger.added == len(self.todo) == self.ledger.unfinished + len(self.outcomes)
        assert set(self.plan.workers) == {script.key for script in self.candidates()}
        for key, worker in self.plan.workers.items():
            script = self.scripts[key]
            assert list(worker.machine.outstanding) == script.pipe
            assert len(worker.sent_s) == len(script.pipe)
            self.look_at_pipe(script)
        assert self.plan.over is (not self.candidates())
        assert stall_text(self.plan, self.now_s)

    # --- the end: from here on every worker behaves, or dies

    def behave(self, script: Script) -> bool:
        """One step of a worker that does what it should; False if it has nothing to do."""
        if not script.started:
            self.start(script, "starts")
        elif script.talks and script.pipe and not script.exited:
            self.respond(script, ["answer"] * len(script.pipe), 0)
        elif not script.exited and self.leaves(script):
            self.exit(script, None if script.termed else 0)
        elif script.exited and not script.stdout_ended and (script.killed or not script.clings):
            script.stdout_ended = True
            self.tell(script, StdoutEnded(inside_message=False))
        else:
            return False
        return True

    @staticmethod
    def leaves(script: Script) -> bool:
        """Whether it has a reason to end that it heeds."""
        reasons = (script.stdin_closed or script.stdin_broken or script.stdout_ended, script.termed, script.killed)
        return any(reasons[script.stubborn :])

    def drive(self) -> bool:
        """One step of everybody; False if nothing happened and nothing is waited for."""
        self.nature = 0
        unfinished = self.ledger.unfinished
        self.obey(self.plan.dispatch(self.now_s))
        acted = [self.behave(script) for script in self.candidates() if not script.gone]
        self.obey(self.plan.tick(self.now_s))
        self.books_agree()
        # A payload that cannot be encoded ends its task at once; the loop hands out again after each outcome.
        if any(acted) or self.plan.eager or self.ledger.unfinished < unfinished:
            return True
        wake_s = self.plan.wake_s()
        self.now_s = max(self.now_s, wake_s) if wake_s < math.inf else self.now_s
        self.obey(self.plan.tick(self.now_s))
        return wake_s < math.inf

    def teardown(self) -> None:
        """With workers that behave at last the run ends, and after it all workers do."""
        if not hasattr(self, "plan"):
            return
        self.plan.exhausted = True
        for _ in range(MOST_STEPS):
            if not self.ledger.unfinished or self.plan.lost:
                break
            if not self.drive():
                # Only a worker that closed its input or its output and lives on, without a limit, can hold a run up.
                held_up = [script for script in self.candidates() if script.stubborn and not script.exited]
                assert held_up
                assert self.settings.shutdown_timeout_s is None
                for script in held_up:
                    self.exit(script, 1)
        else:
            raise AssertionError(f"the run goes on for ever: {stall_text(self.plan, self.now_s)}")
        if self.plan.lost:
            self.ledger.cancel_all("no worker is left")
        self.collect()
        assert len(self.outcomes) == len(self.todo)
        kinds = (Answered, Failed, Quarantined, Cancelled)
        assert all(isinstance(outcome, kinds) for outcome in self.outcomes.values())
        self.see_everybody_out()

    def see_everybody_out(self) -> None:
        """All workers end, and at once where that was asked for."""
        if not self.ended:
            self.ended = True
            self.obey(self.plan.finish(self.now_s, hurried=self.settings.shutdown_timeout_s is None))
        elif not self.plan.over:
            self.abort()
        for _ in range(MOST_STEPS):
            if self.plan.over:
                break
            self.drive()
        assert self.plan.over
        assert not self.plan.workers
        assert not self.candidates()
        names = [report.name for report in self.plan.reports]
        assert len(names) == len(set(names)), "one report a worker at most"


TestConversation = pytest.mark.slow(pytest.mark.timeout(600)(Conversation.TestCase))
TestConversation.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
