#!/usr/bin/env perl
# A worker in one file, for Perl 5.30 and later, with nothing to install. Copy it and replace the
# part at the end. A master starts it by: perl worker.pl
# Prove a copy with: spread-jobs-conform --codec json -- perl worker.pl
# Comments cite the requirements of spec/1.0.
use strict;
use warnings;

# ---- the wire: leave this part as it is ----------------------------------------------------------

my ($requests, $answers);

BEGIN {    # WIRE-4: while this file is still being read, before any module of yours can run
    # Perl closes descriptors beyond 2 when it executes a program: no child gets at these two.
    open $requests, '<&', \*STDIN or die "cannot copy standard input: $!\n";
    open $answers, '>&', \*STDOUT or die "cannot copy standard output: $!\n";
    binmode $_ for $requests, $answers;    # bytes, whatever PERL_UNICODE says
    open STDIN, '<', '/dev/null' or die "cannot open /dev/null: $!\n";
    open STDOUT, '>&', \*STDERR or die "cannot copy standard error: $!\n";
    $| = 1;    # a print comes at once, and cannot come again from the buffer of a child
}

use B ();
use JSON::PP ();
no warnings 'recursion';    # values may be nested deep (DATA-2)

# JSON::PP takes four seconds to read 16 MiB; this other one, where it is installed, takes none.
my $json = (eval { require Cpanel::JSON::XS } ? 'Cpanel::JSON::XS' : 'JSON::PP')->new->utf8;
$json->allow_nonref->max_depth(10_000);
my ($pid, $buffer) = ($$, '');
my $no_text = qr/[^\x{0}-\x{d7ff}\x{e000}-\x{10ffff}]/;    # a lone surrogate, say (JSON-4)
my $all3 = B::SVf_IOK | B::SVf_NOK | B::SVf_POK;           # integer, float, text; all at once:
my %own  = ('' => 'false', 0 => 0, 1 => 'true');           # 1 == 2, the size of (), 1 == 1
our (@OUT, @ERR);    # lines that a task pushes here go with its answer (OUT-2)

sub TooBusy::new {    # die TooBusy->new($seconds) refuses the task for now (BUSY-1)
    my ($class, $delay) = @_;
    die "TooBusy->new($delay): 0 seconds or more are due" unless $delay >= 0 && $delay * 0 == 0;
    return bless { delay => 0 + $delay }, $class;
}

sub message {    # gives the next one; the end of the input ends the worker (PREP-5, SHUT-2)
    my ($searched, $end) = (0);
    while (($end = index $buffer, "\n", $searched) < 0) {    # JSON-1: a line ends at LF alone
        $searched = length $buffer;
        my $count = sysread $requests, $buffer, 1 << 16, $searched;
        next if $count || !defined $count && $!{EINTR};
        die "the input ended inside a message\n" if $searched;    # SHUT-6
        exit(defined $count ? 0 : 1);                             # SHUT-5
    }
    return $json->decode(substr $buffer, 0, $end + 1, '');
}

sub to_json {    # JSON::PP would write 15 digits of a float and let 2**60 pass (JSON-4, JSON-7)
    my ($value, $depth) = @_;
    return 'null' unless defined $value;
    my $kind = ref $value;
    die "a value 10,000 levels deep, or inside itself, cannot travel\n" if $depth++ > 10_000;
    return '[' . join(',', map { to_json($_, $depth) } @$value) . ']' if $kind eq 'ARRAY';
    return '{' . join(',', map { quoted($_) . ':' . to_json($value->{$_}, $depth) } keys %$value)
        . '}' if $kind eq 'HASH';
    return $value ? 'true' : 'false' if $kind eq 'JSON::PP::Boolean';
    die "a reference to $kind cannot travel\n" if $kind;
    my $flags = B::svref_2object(\$value)->FLAGS & $all3;    # they tell the number 12 from "12"
    return $own{$value} if $flags == $all3 && exists $own{$value};
    return quoted($value) if $flags & B::SVf_POK || !$flags;
    return sprintf '%.17g', $value if abs $value < 2**53;
    die "the number $value cannot travel\n"    # NaN, an infinity, an integer that no float equals
        if $value * 0 != 0 || "$value" !~ /e/ && sprintf('%.0f', $value) ne "$value";
    return sprintf '%.16e', $value;            # 1e17 must not look like an integer
}

sub quoted {
    my ($text) = @_;
    die "a text with code points beyond Unicode cannot travel\n" if $text =~ $no_text;
    $text =~ s/(["\\\x00-\x1f])/sprintf '\\u%04x', ord $1/eg;
    return qq("$text");
}

sub plain {    # the text of anything, fit to travel
    my $text = eval { "$_[0]" } // 'no text';
    $text =~ s/$no_text/\x{fffd}/g;
    return $text;
}

sub encoded {    # RUN-4: first, out, err
    utf8::encode(my $line = to_json([[@_], map { [map { plain($_) } @$_] } \@OUT, \@ERR], 0));
    return "$line\n";
}

sub response {    # to one request; encoded whole before its first byte is written (ERR-4)
    my ($id, $payload) = @_;
    my $line;
    @OUT = @ERR = ();
    { $line = eval { encoded($id, scalar task($payload)) } }    # a stray "next" of a task ends here
    return $line if defined $line;
    my $error = $@;
    chomp $error unless ref $error;
    my $type = ref $error || 'die';
    return encoded('TooBusy', $id, $error->{delay}) if $type eq 'TooBusy';
    ($type, $error) = @$error{qw(type message)} if $type eq 'HASH' && defined $error->{type};
    return encoded('RemoteException', $id, plain($type), plain($error), '');    # ERR-1
}

sub main {    # answers every request, in order (RUN-3, RUN-6)
    prepare();
    while (1) {
        my $line = response(@{ message() });
        exit 1 if $$ != $pid;    # a process that the task forked, and that died or came back
        for (my $sent = 0; $sent < length $line;) {    # WIRE-3; an error: the master has gone
            $sent += syswrite($answers, $line, length $line, $sent) // ($!{EINTR} ? 0 : exit 1);
        }
    }
}

# ---- conformance payloads (spec 1.0, section 14): delete when you are done testing ---------------

use Time::HiRes ();
my %refused;
my %ops = (
    echo  => sub { $_[0]{value} },
    raise => sub { die $_[0] },    # a map with the keys type and message
    busy  => sub {
        $refused{ $_[0]{key} }++ < $_[0]{times} ? die TooBusy->new($_[0]{delay_s}) : 'done';
    },
    print    => sub { push @OUT, @{ $_[0]{out} }; push @ERR, @{ $_[0]{err} }; undef },
    sleep    => sub { Time::HiRes::sleep($_[0]{seconds}); undef },
    exit     => sub { exit $_[0]{status} },
    prepared => sub { \@main::prepared },
);
sub conformance { ($ops{ $_[0]{op} // '' } || die "no such op\n")->($_[0]) }

# ---- your part: replace everything between this line and the last one ----------------------------

our @prepared;

sub prepare {    # takes the items of main(stdin=...) up to a null (PREP-4); may be empty: {}
    while (defined(my $item = message())) { push @prepared, $item }
}

sub task {       # does one task and returns its answer; when it dies, that is a failure (ERR-4)
    my ($payload) = @_;
    return conformance($payload) if ref $payload eq 'HASH' && exists $payload->{op};  # for the kit
    die "the payload is no text\n" if !defined $payload || ref $payload;
    my @words = split ' ', $payload;
    return scalar @words;
}

main();
