# Values of the protocol: strict JSON (codecs.md, part J), the forms of masters.md section 4, bytes and text.
# In Perl null is undef, a string a plain scalar of characters; a number keeps its text, so that nothing is rounded.
package Value;
use 5.030;
use strict;
use warnings;
no warnings qw(recursion surrogate nonchar);
use Exporter 'import';
our @EXPORT_OK = qw(decode encode number is_text travelling dressed argument surrogateescape quote lines);

use constant { GREATEST => 9_007_199_254_740_991, MAX_DEPTH => 1_000, QUOTE_BYTES => 200 };    # JSON-6, SEC-2, VIO-3
my %ESCAPE = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t", map { $_ => $_ } qw(" \\ /));
my ($TRUE, $FALSE) = map { my $text = $_; bless \$text, 'Bool' } 'true', 'false';

# ---- JSON in: null is undef, a string a plain scalar, arrays and objects are references, numbers keep their text ----

sub number { my ($text) = @_; return bless \$text, 'Number' }
sub is_text { return defined $_[0] && !ref $_[0] }
sub lone { return $_[0] =~ /[\x{D800}-\x{DFFF}]/ }

# Decode in place what is UTF-8 and holds Unicode characters alone.
sub is_utf8_text {
    my ($bytes) = @_;
    my $text = $$bytes;
    return '' if !utf8::decode($text) || $text =~ /[^\x{0}-\x{D7FF}\x{E000}-\x{10FFFF}]/;
    $$bytes = $text;
    return 1;
}

# The value of a JSON text; dies with the requirement and what is wrong. Cost: linear in its length (SEC-2).
sub decode {
    my ($bytes) = @_;
    is_utf8_text(\(my $copy = $bytes)) or die "JSON-6 text that is not UTF-8\n";
    pos($bytes) = 0;
    my $value = read_value(\$bytes, 1);
    $bytes =~ /\G[ \t\r\n]++/gc;
    die "JSON-1 something behind the value\n" if pos($bytes) < length $bytes;
    return $value;
}

sub read_value {
    my ($in, $depth) = @_;
    return read_string($in)         if next_is($in, '"');
    return read_number($in)         if $$in =~ /\G(?=[-0-9])/gc;
    return undef                    if $$in =~ /\Gnull/gc;     ## no critic: the value undef
    return $TRUE                    if $$in =~ /\Gtrue/gc;
    return $FALSE                   if $$in =~ /\Gfalse/gc;
    die "SEC-2 nested too deep\n"   if $depth > MAX_DEPTH;
    return read_array($in, $depth)  if next_is($in, '[');
    return read_object($in, $depth) if next_is($in, '{');
    die "JSON-6 NaN or an infinity\n" if $$in =~ /\G-?(?:NaN|Inf)/gci;
    die "JSON-1 no JSON\n";
}

# Skip white space; take the character if it is the next one.
sub next_is {
    my ($in, $char) = @_;
    $$in =~ /\G[ \t\r\n]++/gc;
    return '' if substr($$in, pos $$in, 1) ne $char;
    pos($$in) += 1;
    return 1;
}

sub read_array {
    my ($in, $depth) = @_;
    my @items;
    return \@items if next_is($in, ']');
    while (1) {
        push @items, read_value($in, $depth + 1);
        return \@items if next_is($in, ']');
        next_is($in, ',') or die "JSON-1 no JSON: an array without an end\n";
    }
}

sub read_object {
    my ($in, $depth) = @_;
    my %object;
    return \%object if next_is($in, '}');
    while (1) {
        next_is($in, '"') or die "JSON-1 no JSON: an object without a key\n";
        my $key = read_string($in);
        die "JSON-6 a repeated key\n" if exists $object{$key};
        next_is($in, ':') or die "JSON-1 no JSON: a key without a value\n";
        $object{$key} = read_value($in, $depth + 1);
        return \%object if next_is($in, '}');
        next_is($in, ',') or die "JSON-1 no JSON: an object without an end\n";
    }
}

sub read_string {
    my ($in) = @_;
    my $text = '';
    while (1) {
        my $from = pos $$in;
        if ($$in =~ /\G[^"\\\x00-\x1f]++/gc) {
            utf8::decode(my $piece = substr $$in, $from, pos($$in) - $from);
            $text .= $piece;
        }
        elsif ($$in =~ /\G\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/gc) {    # a pair: one character
            my ($high, $low) = map { hex substr $$in, $from + $_, 4 } 2, 8;
            $text .= chr(0x10000 + (($high & 0x3FF) << 10) + ($low & 0x3FF));
        }
        elsif ($$in =~ /\G\\u[0-9a-fA-F]{4}/gc) { $text .= chr hex substr $$in, $from + 2, 4 }
        elsif ($$in =~ /\G\\["\\\/bfnrt]/gc)    { $text .= $ESCAPE{ substr $$in, $from + 1, 1 } }
        elsif ($$in =~ /\G"/gc)                 { return $text }
        else                                    { die "JSON-1 no JSON: a string without an end\n" }
    }
}

sub read_number {
    my ($in) = @_;
    my $from = pos $$in;
    die "JSON-6 NaN or an infinity\n" if $$in =~ /\G-Inf/gci;
    $$in =~ /\G-?(?:0|[1-9][0-9]*+)/gc or die "JSON-1 no JSON: a number\n";
    my $is_float = $$in =~ /\G(?:\.[0-9]++(?:[eE][-+]?[0-9]++)?|[eE][-+]?[0-9]++)/gc;
    my $text = substr $$in, $from, pos($$in) - $from;
    die "JSON-6 an infinity\n" if $is_float && abs($text) == 9**9**9;
    die "JSON-6 an integer beyond 2**53-1\n" if !$is_float && (length $text > 17 || abs($text) > GREATEST);
    return number($text);
}

# ---- JSON out ----

sub encode {
    my ($value) = @_;
    return 'null'  if !defined $value;
    return $$value if ref $value eq 'Number' || ref $value eq 'Bool';
    return '[' . join(',', map { encode($_) } @$value) . ']' if ref $value eq 'ARRAY';
    return '{' . join(',', map { encode($_) . ':' . encode($value->{$_}) } sort keys %$value) . '}' if ref $value;
    $value =~ s/(["\\\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
    utf8::encode($value);
    return qq("$value");
}

# A value of the job (masters.md, section 4) as one that can travel. JSON-5: dies and names what cannot.
sub travelling {
    my ($value, $where) = @_;
    my $no = sub { die "$where: $_[0] cannot travel in JSON [JSON-5]\n" };
    $no->('a lone surrogate in ' . encode(dressed($value))) if is_text($value) && lone($value);
    return $value if ref $value ne 'ARRAY' && ref $value ne 'HASH';
    return [map { travelling($value->[$_], "$where\[$_]") } 0 .. $#$value] if ref $value eq 'ARRAY';
    my ($form) = keys %$value;
    my %object;
    my @pairs = map { [$_, $value->{$_}] } sort keys %$value;
    if (@pairs == 1 && $form =~ /\A\$/) {
        my $inner = $value->{$form};
        return travelling($inner, $where) if $form eq '$tuple';
        return travelling(join('', map { chr $$_ } @$inner), $where) if $form eq '$str';
        return number($inner) if $form eq '$int' && abs($inner) <= GREATEST;
        $no->('the ' . substr($form, 1) . ' ' . encode($inner)) if $form ne '$dict';
        @pairs = @$inner;
    }
    for my $pair (@pairs) {
        my $key = travelling($pair->[0], "a key of $where");
        $no->('a key that is no str: ' . encode($pair->[0])) if !is_text($key);
        $no->('the repeated key ' . encode($key)) if exists $object{$key};
        $object{$key} = travelling($pair->[1], $where . '[' . encode($key) . ']');
    }
    return \%object;
}

# A value as the account has it (masters.md, section 4): lone surrogates, keys that begin with $, floats with fractions.
sub dressed {
    my ($value) = @_;
    return { '$str' => [map { number(ord) } split //, $value] } if is_text($value) && lone($value);
    return number($$value =~ s/\A(-?\d+)(?=[eE])/$1.0/r) if ref $value eq 'Number';
    return [map { dressed($_) } @$value] if ref $value eq 'ARRAY';
    return $value if ref $value ne 'HASH';
    my @keys = sort keys %$value;
    return { '$dict' => [map { [dressed($_), dressed($value->{$_})] } @keys] }
        if (@keys == 1 && $keys[0] =~ /\A\$/) || grep { lone($_) } @keys;
    return { map { $_ => dressed($value->{$_}) } @keys };
}

# An argument as bytes. EXEC-9. Text holds surrogates where it stands for bytes that are not UTF-8.
sub argument {
    my ($value) = @_;
    my ($form, $inner) = ref $value eq 'HASH' && keys %$value == 1 ? %$value : ('', undef);
    return pack 'H*', $inner if $form eq '$bytes' || $form eq '$path';
    return 'None' if !defined $value;
    return $$value if ref $value eq 'Number';
    return $value == $TRUE ? 'True' : 'False' if ref $value eq 'Bool';
    my $text = $form eq '$str' ? join '', map { chr $$_ } @$inner : $form =~ /\A\$(?:int|float)\z/ ? $inner : $value;
    return encode($text) if ref $text;
    my @pieces = split /([\x{DC80}-\x{DCFF}])/, $text or return '';    # each other one is a byte
    utf8::encode($pieces[2 * $_]) for 0 .. $#pieces / 2;
    return join '', map { $_ % 2 ? chr(ord($pieces[$_]) - 0xDC00) : $pieces[$_] } 0 .. $#pieces;
}

# ---- Bytes and text ----

# The first bytes, for a report. VIO-3.
sub quote {
    my ($bytes) = @_;
    my $start = substr $bytes, 0, QUOTE_BYTES;
    $start =~ s{([^ -~])}{$1 eq "\n" ? '\\n' : sprintf '\\x%02x', ord $1}ge;
    return qq("$start") . (length $bytes > QUOTE_BYTES ? '...' : '');
}

# Split after each LF. SHUT-8.
sub lines { return $_[0] =~ /[^\n]*\n|[^\n]+\z/g }

my $CHARACTER = qr/[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]
    |[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}
    |\xf4[\x80-\x8f][\x80-\xbf]{2}/x;

# Bytes as text, as UTF-8 with surrogateescape. SHUT-8.
sub surrogateescape {
    my ($bytes) = @_;
    return $bytes if is_utf8_text(\$bytes);
    $bytes =~ s{($CHARACTER)|(.)}{defined $2 ? chr(0xDC00 + ord $2) : do { utf8::decode(my $char = $1); $char }}gse;
    return $bytes;
}

1;
