# A job (masters.md, sections 1 and 2) as what a run begins with.
package Job;
use 5.030;
use strict;
use warnings;
use Exporter 'import';
use Value qw(decode encode travelling argument);
our @EXPORT_OK = qw(read_job);

# The settings, the tasks with their payloads as bytes, the queue, the slots and the preparation as bytes; or, second,
# the account of a job that cannot or must not be done. UNT-1, JSON-5.
sub read_job {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!\n";
    my $job = eval { decode(do { local $/; <$file> }) } // return (undef, { cannot => "the job: $@" });
    my ($items, $payloads, $settings, $codec, $dialect) = @$job{qw(preparation tasks settings codec dialect)};
    my $is_command_mode = !@$items && !@$payloads;
    my $fault
        = "$codec $dialect" eq 'json untagged' ? { error => 'the dialect untagged goes with pickle alone [UNT-1]' }
        : $job->{job} ne '1.0' ? { cannot => "the form $job->{job} of jobs" }
        : $dialect ne 'tagged' ? { cannot => "the dialect $dialect" }
        : $codec ne 'json' && !$is_command_mode ? { cannot => "the codec $codec" }    # commands are sent nothing
        : undef;
    return (undef, $fault) if $fault;
    my ($wire, $prepared) = eval { encoded('tasks', $payloads), encoded('preparation', $items) };
    return (undef, { error => 'nothing was sent: ' . $@ =~ s/\n\z//r }) if $@;        # nor a worker started
    my @tasks = map { { position => $_, wire => $wire->[$_] } } 0 .. $#$wire;
    my %run = (tasks => \@tasks, queue => [@tasks], prepared => join('', map { "$_\n" } @$prepared), slots => []);
    $run{$_} = ref $settings->{$_} ? 0 + ${ $settings->{$_} } : undef for keys %$settings;
    for my $words (@{ $job->{workers} }) {
        my @command = map { argument($_) } @$words;
        push @{ $run{slots} }, { number => 1 + @{ $run{slots} }, command => \@command, output => [], fruitless => 0 };
    }
    @run{qw(codec command_mode)} = ($codec, $is_command_mode);
    return \%run;
}

sub encoded {
    my ($name, $values) = @_;
    return [map { encode(travelling($values->[$_], "$name\[$_]")) } 0 .. $#$values];
}

1;
