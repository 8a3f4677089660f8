# What a worker wrote, taken apart and checked in the order of VIO-4, checks 2 to 6. Whatever is not allowed dies with
# { requirement, what } (VIO-1); nothing here knows of processes.
package Response;
use 5.030;
use strict;
use warnings;
use Exporter 'import';
use Value qw(decode is_text);
our @EXPORT_OK = qw(next_line check_message refuse likely_cause);

sub refuse { my ($requirement, $what) = @_; die { requirement => $requirement, what => $what } }

# Take the next line off a stream, { bytes, scanned, white }, if it is complete. Checks 2 and 3; WIRE-6.
# No byte is looked at again when more arrive, and no more than the limit is kept: SEC-2.
sub next_line {
    my ($stream, $max_bytes) = @_;
    my $bytes = \$stream->{bytes};
    $stream->{white} += $+[0] if $$bytes =~ s/\A[ \t\r]++//;
    return if !length $$bytes;
    refuse('JSON-1', 'bytes that begin no message') if substr($$bytes, 0, 1) ne '[';
    my $end = index $$bytes, "\n", $stream->{scanned};
    my $length = $end < 0 ? length $$bytes : $end + 1;
    refuse('SEC-2', "a message beyond $max_bytes bytes") if $stream->{white} + $length > $max_bytes;
    $stream->{scanned} = $length;
    return if $end < 0;
    @$stream{qw(scanned white)} = (0, 0);
    return substr $$bytes, 0, $length, '';
}

# The kind, what is behind the id, out and err of a message that is due for the request $id of those since $first_id.
sub check_message {
    my ($line, $first_id, $id) = @_;
    my $message = eval { decode($line) } // refuse(split / /, $@ =~ s/\n\z//r, 2);
    refuse('RUN-4', 'a response that is no array of three') if ref $message ne 'ARRAY' || @$message != 3;
    my ($first, @lines) = @$message;
    my ($kind, $its_id, @rest) = check_first($first);
    refuse('RUN-5', 'a task id that is no number') if ref $its_id ne 'Number';
    refuse('RUN-6', "the task id of an earlier request, $$its_id")
        if $$its_id >= $first_id && $$its_id < $id && $$its_id == int $$its_id;
    refuse('RUN-5', "a task id that was never sent, $$its_id") if $$its_id != $id;    # JSON-3: equal numbers
    my $is_alive = $kind eq 'Alive';
    refuse($is_alive ? 'RUN-11' : 'OUT-1', 'out or err of another form')
        if grep { defined && ($is_alive || !is_text($_) && (ref ne 'ARRAY' || grep { !is_text($_) } @$_)) } @lines;
    return ($kind, \@rest, @lines);
}

# Check 4: the forms of section 7.2 with their exact lengths.
sub check_first {
    my ($first) = @_;
    refuse('RUN-5', 'a first that is no array') if ref $first ne 'ARRAY';
    my ($kind, @rest) = is_text($first->[0]) ? @$first : ('answer', @$first);
    my ($requirement, $is_right)
        = !is_text($first->[0]) ? ('RUN-5', @rest == 2)
        : $kind eq 'TooBusy'    ? ('BUSY-1', @rest == 2 && ref $rest[1] eq 'Number' && ${ $rest[1] } >= 0)
        : $kind eq 'RemoteException' ? ('ERR-1', @rest == 4 && !grep { !is_text($_) } @rest[1 .. 3])
        : $kind eq 'Alive' ? ('RUN-11', @rest == 1)
        :                    ('RUN-9', 0);
    refuse($requirement, 'a first of no known form') if !$is_right;
    return ($kind, @rest);
}

my %CAUSE = (
    'JSON-1' => 'its JSON is made by hand, or two of its processes write at once',
    'JSON-6' => 'its JSON library writes what JSON-4 forbids',
    'SEC-2'  => 'its answer is greater than agreed, or it writes no line ends',
    'PREP-3' => 'it prints to its standard output, or answers before it was asked',
    'RUN-3'  => 'it answers twice, or prints to its standard output',
    'RUN-5'  => 'it does not return the id that it read, or builds its responses otherwise than section 7.2',
    'RUN-6'  => 'it answers twice, or in another order',
);

# VIO-3, and the end of section 11.
sub likely_cause {
    my ($bytes, $requirement) = @_;
    return 'it failed, and wrote that to standard output' if $bytes =~ /\ATraceback \(most/;
    return 'it prints to its standard output'             if $bytes =~ /\A\s*[A-Za-z\n]/;
    return 'it writes a byte order mark'                  if $bytes =~ /\A\xef\xbb\xbf/;
    return 'it speaks pickle, not JSON'                   if $bytes =~ /\A(?:\x80|\(|\])/;
    return $CAUSE{$requirement} // 'it builds its responses otherwise than section 7.2';
}

1;
