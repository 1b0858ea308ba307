# SPDX-License-Identifier: GPL-2.0-or-later
# As collect.py.
GC.disable
$stdout.sync = true
puts "ready"
$stdin.gets
before = GC.count
6.times do
  GC.start
end
puts "mark #{GC.count - before}"
puts "done"
$stdin.gets
