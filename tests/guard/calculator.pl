#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A server of one kind of work, with a hole: what it is to reckon is Perl to it. For tests of guard; never install it.
#
#   calculator.pl PORT LOG     a line with an expression gets one with its value; each is noted in LOG
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $log) = @ARGV;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 5, ReuseAddr => 1)
	or die "port $port: $!\n";
while (my $client = $server->accept()) {
	while (my $line = <$client>) {
		chomp $line;
		my $value = eval $line;
		open(my $notes, '>>', $log) or die "$log: $!\n";
		print $notes $line, "\n";
		close $notes;
		print $client defined $value ? "$value\n" : "no expression\n";
	}
	close $client;
}
