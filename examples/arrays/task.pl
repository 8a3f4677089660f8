# The user's part of workers/perl/worker.pl, for arrays: arrays.py puts it in place of the one there.
# A payload is {"path": ..., "dtype": "<f8", "shape": [...], "first": ..., "count": ...}, or a list.

our @prepared;    # named by the template

sub prepare { }

sub task {
    my ($payload) = @_;
    my ($sum, $squares) = (0, 0);
    if (ref $payload eq 'ARRAY') { ($sum += $_, $squares += $_ * $_) for @$payload }
    else {
        die "dtype $payload->{dtype}; <f8 is due\n" if $payload->{dtype} ne '<f8';
        open my $file, '<:raw', $payload->{path} or die "$payload->{path}: $!\n";
        seek $file, 8 * $payload->{first}, 0;
        for (my $left = $payload->{count}; $left > 0;) {    # a few at a time: Perl's numbers are large
            my $count = $left < 8192 ? $left : 8192;
            die "$payload->{path} is too short\n" if (read $file, my $bytes, 8 * $count) != 8 * $count;
            ($sum += $_, $squares += $_ * $_) for unpack 'd<*', $bytes;
            $left -= $count;
        }
    }
    return { sum => $sum, norm => sqrt $squares };
}

main();
