#!/usr/bin/env perl
# A small master of the worker protocol 1.0, written from its specification alone: codec json, dialect tagged, and
# command mode. `perl master.pl JOB` does one job and prints its account, as masters.md says.
# One loop serves all workers, and each gets one request at a time (RUN-8 is a MAY).
use 5.030;
use strict;
use warnings;
no warnings qw(surrogate nonchar);

use FindBin ();
use lib "$FindBin::Bin/lib";
use List::Util qw(first max min);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use Job qw(read_job);
use Process qw(spawn exit_status how_it_ended is_from_outside group_is_alive read_once write_once keep_descriptors);
use Response qw(next_line check_message refuse likely_cause);
use Value qw(encode number dressed surrogateescape quote lines);

use constant {
    MAX_BYTES     => 1 << 28,                  # of a message, if the job says nothing, and of a worker's text: SEC-2
    LINE_BYTES    => 1 << 16,                  # of a line of standard error, before it is cut: EXEC-7
    LAST_LINES    => 5,                        # of standard error, in reports: EXEC-12
    OUTPUT_WAIT_S => 1,                        # for the end of the output after the exit: SHUT-10
    EXIT_WAIT_S   => 5,                        # for the exit after the end of the output, or of reading: SHUT-10
    CLOSE_WAIT_S  => 0.5,                      # after closing, before TERM
    END_WAIT_S    => { TERM => 2, KILL => 5 },
    GROUP_WAIT_S  => 0.3, REST_S => 0.02,      # for a group whose first process has exited; besides a delay, BUSY-3
    START_WAIT_S  => 0.05, MOST_START_WAIT_S => 0.5,    # before another start, doubled each time; at most
    SIGNALS       => 4,                        # times max_attempts: ends by signals from outside that set aside, JOB-5
    STARTS        => 5,                        # times max_attempts: ends in a row without a response, then no more
};
my %run = (stops => 0, stopped => 0);          # and the job (Job.pm), max_bytes, next_id, first_id, error

sub now { return clock_gettime(CLOCK_MONOTONIC) }

# ---- What the user sees, on standard error ----

sub show { my ($text) = @_; utf8::encode($text); return print STDERR $text =~ s/\n?\z/\n/r }

# Tell the end of a worker, with the last lines of its standard error. EXEC-12.
sub report {
    my ($w, $text) = @_;
    read_error($w);
    my @last = map { quote($_) } @{ $w->{last} };
    $text = join ' ', $w->{name}, $text, @last ? '- its last lines on standard error:' : (), @last;
    show("master: $text");
    return $w->{slot}{ended} = $text;
}

# Pass on whole lines of its standard error under its name, or all of it. EXEC-12.
sub pass_on {
    my ($w, $all) = @_;
    $all ||= length $w->{error} > LINE_BYTES;
    for my $line (lines(substr $w->{error}, 0, $all ? length $w->{error} : 1 + rindex($w->{error}, "\n"), '')) {
        print STDERR "$w->{name}: ", $line =~ s/\n?\z/\n/r;
        push @{ $w->{last} }, $line;
        shift @{ $w->{last} } if @{ $w->{last} } > LAST_LINES;
    }
    return;
}

# ---- One worker: from its start to the close of its input ----

# Start the next incarnation of a slot, with its hints (EXEC-10). A start that fails closes the slot: tell why, go on
# with the others (section 4).
sub start {
    my ($slot) = @_;
    delete $slot->{start_at};
    my $name = "$slot->{number}." . ++$slot->{incarnation};
    my %hints = (SPREAD_JOBS_PROTOCOL => '1.0', SPREAD_JOBS_CODEC => $run{codec}, SPREAD_JOBS_WORKER => $name);
    my %w = (slot => $slot, name => $name, phase => 'open', error => '', last => [], text => '', clock => now(),
        outgoing => $run{prepared}, stream => { bytes => '', scanned => 0, white => 0 });    # PREP-1, PREP-2
    @w{qw(pid in out err)} = eval { spawn($slot->{command}, \%hints) };
    if (!$w{pid}) {
        report(\%w, 'could not be started: ' . $@ =~ s/\n\z//r);
        $run{error} = $slot->{ended} if $run{command_mode};
        return $slot->{again} = 0;
    }
    $slot->{worker} = \%w;
    return $run{command_mode} && close_input(\%w);    # CMD-1
}

sub read_error {
    my ($w) = @_;
    for (1 .. 16) {                            # then it is the turn of others
        my $count = $w->{err} ? read_once($w->{err}, \$w->{error}) : undef;
        delete $w->{err} if defined $count && !$count;
        pass_on($w, !$w->{err});
        return if !$count;
    }
    return;
}

sub read_output {
    my ($w) = @_;
    for (1 .. 16) {
        my $count = $w->{out} ? read_once($w->{out}, \$w->{stream}{bytes}) : return;
        return if !defined $count;
        if (!$count) {
            delete $w->{out};
            $w->{gone_at} //= now();
            return;
        }
        eval { take_bytes($w); 1 } or break_off($w, $@);
    }
    return;
}

sub write_input {
    my ($w) = @_;
    my $wrote = write_once($w->{in}, \$w->{outgoing}) // return;
    return $w->{clock} = now() if $wrote;
    return ($w->{outgoing}, $w->{gone_at}) = ('', $w->{gone_at} // now());    # nobody reads there any more
}

# SHUT-1. Bytes that came before the close are undue, so look for them first: VIO-1.
sub close_input {
    my ($w) = @_;
    read_output($w) if !$run{command_mode};
    return if $w->{phase} ne 'open';
    delete $w->{in};
    return @$w{qw(phase clock)} = ('shutdown', now());
}

# VIO-4, check 1: what is due? One request at a time: when the input is closed, nothing is unanswered.
sub take_bytes {
    my ($w) = @_;
    my $stream = $w->{stream};
    while (length $stream->{bytes}) {
        if ($w->{phase} ne 'open') {
            $w->{text} .= $stream->{bytes} if $w->{phase} eq 'shutdown';    # SHUT-7
            $w->{clock} = now() if !$run{command_mode};                     # SHUT-3
            $stream->{bytes} = '';
            return;
        }
        refuse($w->{sent} ? 'RUN-3' : 'PREP-3', 'bytes while nothing was due') if !$w->{task};
        $w->{line} = next_line($stream, $run{max_bytes}) // return;
        take_response($w, check_message($w->{line}, $run{first_id}, $w->{id}));
        delete $w->{line};
    }
    return;
}

sub take_response {
    my ($w, $kind, $rest, $out, $err) = @_;
    return $w->{clock} = now() if $kind eq 'Alive';    # RUN-12
    my $task = delete $w->{task};
    show("task $task->{position} out: $_") for map { lines($_) } ref $out ? @$out : $out // ();    # OUT-3
    show("task $task->{position} err: $_") for map { lines($_) } ref $err ? @$err : $err // ();
    $w->{slot}{fruitless} = 0;
    if ($kind eq 'TooBusy') {                          # BUSY-3
        $w->{rest_until} = now() + REST_S + ${ $rest->[0] };
        push @{ $run{queue} }, $task;
    }
    elsif ($kind eq 'answer') { $task->{outcome} = { answered => dressed($rest->[0]) } }
    else {                                             # ERR-5
        my %failure = (task => number($task->{position}), worker => $w->{name});
        @failure{qw(type message traceback)} = map { dressed($_) } @$rest;
        $task->{outcome} = { failed => \%failure };
    }
    return;
}

# ---- How workers end: sections 4, 11 and 13 ----

# VIO-2, VIO-3.
sub break_off {
    my ($w, $violation) = @_;
    die $violation if ref $violation ne 'HASH';        # a fault of this program
    my ($requirement, $what) = @$violation{qw(requirement what)};
    my $bytes = $w->{line} // $w->{stream}{bytes};
    $w->{stream}{bytes} = '';
    lose($w, 'violation', "broke the protocol [$requirement]: $what: " . quote($bytes)
            . '; likely cause: ' . likely_cause($bytes, $requirement));
    return descend_after($w, CLOSE_WAIT_S);
}

# Exit status and end of output are both known or given up.
sub judge {
    my ($w) = @_;
    my ($status, $rest, $why) = ($w->{status}, $w->{stream}{bytes}, how_it_ended($w->{status}));
    if ($w->{phase} eq 'shutdown') { lose($w, 'done', !defined $status || $status ? $why : '') }    # section 9.2
    elsif (defined $status && !$status && !length $rest) { lose($w, 'leaving', "left: it $why") }   # RUN-13
    else {
        $why .= ' inside a message [JSON-6]: ' . quote($rest) if length $rest;
        lose($w, is_from_outside($status) ? 'signal' : 'death', $why);                              # JOB-5
    }
    return descend_after($w, 0);
}

sub overdue {
    my ($w) = @_;
    my $what = $w->{task} ? "took too long for task $w->{task}{position}" : 'stayed too long, or wrote too much';
    my $wait_s = $w->{in} ? CLOSE_WAIT_S : 0;
    lose($w, $w->{task} ? 'time limit' : 'done', "$what, and was ended by the master");
    $run{error} = $w->{slot}{ended} if $run{command_mode};
    return descend_after($w, $wait_s);
}

# Nothing that this worker does counts from here on. Settle its text, its slot and its task.
sub lose {
    my ($w, $how, $why) = @_;
    my ($slot, $task) = ($w->{slot}, delete $w->{task});
    push @{ $slot->{output} }, map { surrogateescape($_) } lines($w->{text});    # SHUT-8
    @$w{qw(phase outgoing)} = ('over', '');
    $why = report($w, $why) if $why;
    $slot->{again} = $how !~ /leaving|done|stopped/ && ++$slot->{fruitless} <= STARTS * $run{max_attempts};
    return if !$task;
    my $count = ++$task->{ $how eq 'leaving' || $how eq 'signal' ? $how : 'charged' };    # RUN-14, JOB-2, JOB-5
    push @{ $task->{history} }, $why;
    $task->{failed_on}{ $slot->{number} } = 1;
    if ($count >= $run{max_attempts} * ($how eq 'signal' ? SIGNALS : 1)) {       # JOB-3
        $task->{outcome} = { quarantined => "workers ended on it: $count; " . join ', ', @{ $task->{history} } };
        $_->{fruitless} = 0 for @{ $run{slots} };
    }
    else { push @{ $run{queue} }, $task }              # behind the others: these show whether the program works
    return;
}

# SHUT-10: close, wait, TERM to the group, wait, KILL to the group, wait with a bound.
sub descend_after {
    my ($w, $wait_s) = @_;
    delete $w->{in};
    return @$w{qw(steps step_at)} = (['TERM', 'KILL'], now() + $wait_s);
}

sub descend {
    my ($w) = @_;
    my $signal = shift @{ $w->{steps} } // return bury($w);
    kill $signal, -$w->{pid};
    return $w->{step_at} = now() + (defined $w->{status} ? GROUP_WAIT_S : END_WAIT_S->{$signal});
}

# Its process is reaped and its group has ended, or KILL did not help either.
sub bury {
    my ($w) = @_;
    my $slot = $w->{slot};
    read_error($w);
    pass_on($w, 1);
    delete $slot->{worker};
    my $wait_s = min(MOST_START_WAIT_S, START_WAIT_S * 2**$slot->{fruitless});
    return delete $slot->{again} && ($slot->{start_at} = now() + $wait_s);
}

# The next point in time at which something is to be done about a worker, and what.
sub next_event {
    my ($w) = @_;
    return [$w->{step_at}, \&descend] if $w->{phase} eq 'over';
    my @events = ([9**9**9, undef]);
    push @events, [$w->{exited_at} + ($w->{out} ? OUTPUT_WAIT_S : 0), \&judge] if $w->{exited_at};
    push @events, [$w->{gone_at} + min(EXIT_WAIT_S, $run{shutdown_timeout_s}), \&judge]
        if $w->{gone_at} && $w->{phase} eq 'open';
    my $limit_s
        = $run{command_mode} ? $run{command_timeout_s}                                                 # CMD-3
        : $w->{phase} eq 'shutdown' || $w->{is_closing} ? $run{shutdown_timeout_s}                     # SHUT-3
        : $w->{task}         ? $run{task_timeout_s}
        :                      undef;
    push @events, [$w->{clock} + $limit_s, \&overdue] if defined $limit_s;
    push @events, [0, \&overdue] if length $w->{text} > MAX_BYTES;
    return (sort { $a->[0] <=> $b->[0] } @events)[0];
}

# ---- The run: section 13 ----

# A slot that may still do a task.
sub is_usable {
    my ($slot) = @_;
    return $slot->{again} || defined $slot->{start_at} || $slot->{worker} && $slot->{worker}{phase} eq 'open';
}

# The next task for a slot; one that failed there before goes to another one where there is one.
sub take_task {
    my ($slot) = @_;
    my ($queue, @others) = ($run{queue}, grep { $_ != $slot && is_usable($_) } @{ $run{slots} });
    my $at = first {
        my $failed_on = $queue->[$_]{failed_on};
        !$failed_on->{ $slot->{number} } || !grep { !$failed_on->{ $_->{number} } } @others;
    } 0 .. $#$queue;
    return defined $at ? splice @$queue, $at, 1 : undef;
}

sub hand_out {
    my ($w) = @_;
    return if $w->{phase} ne 'open' || $w->{task} || ($w->{rest_until} // 0) > now() || !@{ $run{queue} };
    read_output($w);                           # undue bytes and the end of its output come first: VIO-1
    return if $w->{phase} ne 'open' || $w->{gone_at} || $w->{exited_at};
    $w->{task} = take_task($w->{slot}) // return;
    @$w{qw(id clock sent)} = ($run{next_id}++, now(), 1);         # RUN-2, RUN-16: new and one more each time
    return $w->{outgoing} .= "[$w->{id},$w->{task}{wire}]\n";     # RUN-1, RUN-10
}

# SHUT-1: every result is in.
sub finish {
    my (@workers) = @_;
    $_->{again} = 0, delete $_->{start_at} for @{ $run{slots} };
    for my $w (grep { $_->{phase} eq 'open' } @workers) {
        $w->{clock} = now() if !$w->{is_closing}++;
        close_input($w) if !length $w->{outgoing};
    }
    return;
}

sub cancel {
    my ($why, @details) = @_;
    $_->{outcome} = { cancelled => $why } for splice @{ $run{queue} };
    return show('master: ' . ($run{error} = join '; ', $why, @details));
}

# After TERM, INT or HUP: end all workers; after a second one at once.
sub stop {
    my (@workers) = @_;
    $run{max_attempts} = 9**9**9;              # none of these ends sets a task aside
    for my $w (@workers) {
        if ($w->{phase} ne 'over') { lose($w, 'stopped', ''); descend_after($w, 0) }
        @$w{qw(steps step_at)} = (['KILL'], 0) if $run{stops} > 1;
    }
    finish();
    cancel('the run was stopped by a signal');
    return $run{stopped} = $run{stops};
}

# JOB-4.
sub give_up {
    my $missing = join ', ', sort { $a <=> $b } map { $_->{position} } @{ $run{queue} };
    return cancel('no worker is left', "not done: tasks $missing", map { $_->{ended} // () } @{ $run{slots} });
}

# The one place where this program waits: EXEC-7, EXEC-8.
sub wait_for_bytes {
    my (@workers) = @_;
    my ($read, $write) = ('', '');
    my @times = (now() + 0.25, map { $_->{start_at} // () } @{ $run{slots} });    # a signal may have come just before
    for my $w (@workers) {
        vec($read, fileno $_, 1) = 1 for grep { $_ } @$w{qw(out err)};
        vec($write, fileno $w->{in}, 1) = 1 if $w->{in} && length $w->{outgoing};
        push @times, next_event($w)->[0], grep { $_ > now() } $w->{rest_until} // ();
        push @times, now() + 0.02 if $w->{gone_at} || $w->{phase} eq 'over';      # it may exit at any moment
    }
    return if select($read, $write, undef, max(0, min(@times) - now())) <= 0;
    for my $w (@workers) {
        read_error($w)  if $w->{err} && vec $read,  fileno $w->{err}, 1;
        write_input($w) if $w->{in}  && vec $write, fileno $w->{in},  1;
        read_output($w) if $w->{out} && vec $read,  fileno $w->{out}, 1;
    }
    return;
}

sub attend {
    my ($w) = @_;
    if (!$w->{exited_at} && defined($w->{status} = exit_status($w->{pid}))) {
        $w->{exited_at} = now();
        $w->{step_at} = min($w->{step_at}, now() + GROUP_WAIT_S) if $w->{step_at};
    }
    return bury($w) if $w->{phase} eq 'over' && defined $w->{status} && !group_is_alive($w->{pid});
    my ($time, $action) = @{ next_event($w) };
    return $time <= now() && $action->($w);
}

# All workers are started at first; the loop ends when all have ended and none is to be started again.
sub do_run {
    my $slots = $run{slots};
    my $workers = sub { return map { $_->{worker} // () } @$slots };
    $_->{start_at} = 0 for @$slots;
    while (1) {
        stop($workers->()) if $run{stops} > $run{stopped};
        start($_) for grep { defined $_->{start_at} && $_->{start_at} <= now() } @$slots;
        hand_out($_) for $workers->();
        give_up() if @{ $run{queue} } && !grep { is_usable($_) } @$slots;
        finish($workers->()) if !@{ $run{queue} } && !grep { $_->{task} } $workers->();
        return if !grep { $_->{worker} || defined $_->{start_at} } @$slots;
        wait_for_bytes($workers->());
        attend($_) for $workers->();
    }
}

# ---- The account: masters.md, section 3 ----

sub main {
    my ($path) = @_;
    my @kept = keep_descriptors();
    binmode $_ for *STDOUT, *STDERR;
    my ($job, $account) = read_job($path // die "usage: master.pl JOB\n");
    if (!$account) {
        %run = (%run, %$job);
        $run{max_bytes} = $run{max_message_bytes} // MAX_BYTES;
        $run{next_id} = $run{first_id} = 10_000 + int rand(2**31 - 10_000);    # RUN-16
        $SIG{PIPE} = 'IGNORE';
        $SIG{CHLD} = sub { };                  # ends the select
        $SIG{$_} = sub { $run{stops}++ } for grep { $_ ne 'HUP' || ($SIG{HUP} // '') ne 'IGNORE' } qw(TERM INT HUP);
        do_run();
        $account = { error => $run{error}, outcomes => [map { $_->{outcome} } @{ $run{tasks} }],    # JOB-1
            outputs => [map { dressed($_->{output}) } @{ $run{slots} }] };
    }
    return print encode($account), "\n";
}

END { kill 'KILL', -$_->{pid} for map { $_->{worker} // () } @{ $run{slots} // [] } }    # after a fault of our own

main(@ARGV);
