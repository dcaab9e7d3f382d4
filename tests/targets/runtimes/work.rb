# Does what is counted each time it is given a line: 300 calls of leaf in 100 of branch, 50 objects of Thing, 7 exceptions, a collection.
class Thing
  def leaf(x)
    x + 1
  end

  def branch(x)
    leaf(x) + leaf(x) + leaf(x)
  end
end

$stdout.sync = true
TracePoint.new(:call, :return) {}.enable if ARGV[0] == "traced"
puts "ready #{Process.pid}"
while $stdin.gets
  thing = Thing.new
  100.times { |i| thing.branch(i) }
  49.times { Thing.new }
  7.times do
    begin
      raise ArgumentError, "counted"
    rescue ArgumentError
    end
  end
  GC.start
  puts "done"
end
