# Processes with three private pipes, in sessions of their own, and reads and writes that never block.
package Process;
use 5.030;
use strict;
use warnings;
use Errno ();
use Exporter 'import';
use IO::Handle ();
use POSIX qw(WNOHANG);
use Value qw(quote);
our @EXPORT_OK = qw(spawn exit_status how_it_ended is_from_outside group_is_alive read_once write_once
    keep_descriptors);

use constant CHUNK_BYTES => 1 << 16;

# Handles to keep, so that no pipe gets a number from 0 to 2 if this program was started without those.
sub keep_descriptors {
    my @taken;
    do { open my $null, '+<', '/dev/null' or die "/dev/null: $!\n"; push @taken, $null } until fileno $taken[-1] > 2;
    return @taken;
}

# Execute a list of arguments: (pid, our ends of its input, output and error), or die with the reason. EXEC-1, EXEC-2.
# Perl makes every descriptor above $^F = 2 close-on-exec, so that no other worker inherits these.
sub spawn {
    my ($command, $environment) = @_;
    die "its argument list is empty\n" if !@$command;
    die "an argument holds a NUL byte\n" if grep { /\0/ } @$command;
    my @pipes = map { pipe(my $read, my $write) or die "no pipe: $!\n"; [$read, $write] } 1 .. 4;
    my ($in, $out, $err, $told) = @pipes;
    my $pid = fork() // die "no process: $!\n";
    become($command, $environment, [$in->[0], $out->[1], $err->[1]], $told->[1]) if !$pid;
    close $_ for $in->[0], $out->[1], $err->[1], $told->[1];
    my ($fault, $count) = ('', undef);
    1 while !defined($count = sysread $told->[0], $fault, 64) && $!{EINTR};    # ends when exec has closed the other end
    if ($count) {
        waitpid $pid, 0;
        $! = $fault;
        die quote($command->[0]) . ": $!\n";
    }
    $_->blocking(0) for $in->[1], $out->[0], $err->[0];    # our ends; the worker's stay as they are (section 3)
    return ($pid, $in->[1], $out->[0], $err->[0]);
}

# In the child: become the worker, or tell the errno.
sub become {
    my ($command, $environment, $ends, $told) = @_;
    eval {
        $SIG{$_} = 'DEFAULT' for grep { $SIG{$_} } qw(PIPE CHLD INT TERM HUP);
        POSIX::setsid();                                   # EXEC-11
        defined POSIX::dup2(fileno $ends->[$_], $_) or die for 0 .. 2;
        @ENV{ keys %$environment } = values %$environment;
        no warnings 'exec';
        exec { $command->[0] } @$command;                  # EXEC-1: no shell, for a list of one word either
    };
    syswrite $told, 0 + $!;
    POSIX::_exit(127);
}

# The wait status of a process that has exited, which is reaped so; undef as long as it has not.
sub exit_status { my ($pid) = @_; return waitpid($pid, WNOHANG) > 0 ? $? : undef }

sub how_it_ended {
    my ($status) = @_;
    return 'closed its standard output or input, and did not exit' if !defined $status;
    return $status & 127 ? 'was ended by signal ' . ($status & 127) : 'exited with status ' . ($status >> 8);
}

# Ended by HUP, INT, QUIT, KILL or TERM, or below a shell that says so. JOB-5.
sub is_from_outside {
    my ($status) = @_;
    my $number = !defined $status ? 0 : $status & 127 || ($status >> 8) - 128;
    return scalar grep { $number == $_ } 1, 2, 3, 9, 15;
}

sub group_is_alive { my ($pid) = @_; return kill(0, -$pid) || $!{EPERM} }

# Append what is there: the number of bytes, 0 at the end, undef if nothing is there now. EXEC-7, EXEC-8.
sub read_once {
    my ($handle, $buffer) = @_;
    my $count;
    1 while !defined($count = sysread $handle, $$buffer, CHUNK_BYTES, length $$buffer) && $!{EINTR};
    return $count // ($!{EAGAIN} ? undef : 0);
}

# Write the beginning of a buffer and drop it there: 1, undef if nothing went now, 0 if nobody reads any more.
sub write_once {
    my ($handle, $buffer) = @_;
    my $count = syswrite $handle, $$buffer, CHUNK_BYTES;
    return $!{EAGAIN} || $!{EINTR} ? undef : 0 if !defined $count;
    substr $$buffer, 0, $count, '';
    return 1;
}

1;
