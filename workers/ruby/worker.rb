#!/usr/bin/env ruby
# frozen_string_literal: true

# A worker in one file, for Ruby 2.7 and later, with nothing to install. Copy it and replace the
# part at the end. A master starts it by: ruby worker.rb
# Prove a copy with: spread-jobs-conform --codec json -- ruby worker.rb
# Comments cite the requirements of spec/1.0.

# ---- the wire: leave this part as it is ----------------------------------------------------------

# WIRE-4: first of all, move the two pipes out of reach. Ruby closes descriptors beyond 2 when it
# executes a program, so that neither a print nor a child of a task gets at them.
REQUESTS = $stdin.dup.binmode
ANSWERS = $stdout.dup.binmode
$stdin.reopen(File::NULL)
$stdout.reopen($stderr)
$stdout.sync = true # a print comes at once, and cannot come again from the buffer of a child
ANSWERS.sync = true # WIRE-3

require "json"

# Raise it in task() to refuse the task for now; this worker is left alone for so long (BUSY-1).
class TooBusy < StandardError
  attr_reader :delay

  def initialize(delay)
    @delay = Float(delay)
    super("busy for #{@delay} s")
    raise ArgumentError, "#{self}: 0 seconds or more are due" unless @delay.finite? && @delay >= 0
  end
end

# The conversation with the master.
module Wire
  OUT = [] # lines that a task appends here go with its answer (OUT-2)
  ERR = []
  PID = Process.pid
  DEPTH = { max_nesting: 10_000 }.freeze # DATA-2

  module_function

  # The next message; the end of the input ends the worker (PREP-5, SHUT-2, SHUT-5).
  def message
    line = REQUESTS.gets("\n") || exit # JSON-1: a line ends at LF alone
    abort "the input ended inside a message" unless line.end_with?("\n") # SHUT-6
    JSON.parse(line.force_encoding(Encoding::UTF_8), DEPTH)
  rescue JSON::ParserError => e
    abort "a line that is no JSON: #{e.message[0, 200]}"
  end

  # Refuses what JSON.generate would let pass, for readers to get it changed (JSON-4).
  def check(value)
    case value
    when Integer
      raise RangeError, "#{value} is beyond 2**53-1: JSON cannot carry it" if value.abs >= 2**53
    when String, Symbol, Float, nil, true, false # JSON.generate refuses NaN and what is no text
    when Array then value.each { |item| check(item) }
    when Hash
      value.each_value { |item| check(item) }
      keys = value.keys.grep(String) + value.keys.grep(Symbol)
      names = keys.map { |key| key.to_s.encode(Encoding::UTF_8) }.uniq
      raise TypeError, "a key is no text, or would be there twice" if names.size < value.size
    else raise TypeError, "#{value.class}: JSON cannot carry it"
    end
  end

  # The bytes of a whole response, made before the first of them is written (RUN-4, ERR-4).
  def encode(first)
    check(first)
    lines = [OUT, ERR].map { |printed| printed.map { |line| plain { line } } }
    JSON.generate([first, *lines], DEPTH) << "\n"
  end

  # The text that the block gives, fit to travel; an exception's own code may fail to make one.
  def plain
    yield.to_s.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
  rescue StandardError => e
    "no text: #{e.class}"
  end

  def respond(id, payload)
    [OUT, ERR].each(&:clear)
    encode([id, task(payload)])
  rescue TooBusy => e
    encode(["TooBusy", id, e.delay])
  rescue SignalException # somebody wants this process to end
    raise
  rescue Exception => e # ERR-4: SystemExit, NoMemoryError and SystemStackError are failures too
    trace = plain { e.full_message(highlight: false, order: :top) }
    encode(["RemoteException", id, plain { e.class.name || e.class }, plain { e.message }, trace])
  end

  # Answers every request, in order (RUN-3, RUN-6).
  def run
    prepare
    loop do
      response = respond(*message)
      exit!(1) if Process.pid != PID # a process that the task forked, and that came back from it
      ANSWERS.write(response)
    rescue Errno::EPIPE # the master has gone
      exit!(1)
    end
  end
end

# ---- conformance payloads (spec 1.0, section 14): delete when you are done testing ---------------

REFUSED = Hash.new(0)

def conformance(payload)
  case payload["op"]
  when "echo" then payload["value"]
  when "raise" # any text may be the type's name, so that it is no constant
    type = Class.new(StandardError) { define_singleton_method(:name) { payload["type"] } }
    raise type, payload["message"]
  when "busy"
    raise TooBusy, payload["delay_s"] if (REFUSED[payload["key"]] += 1) <= payload["times"]
    "done"
  when "print"
    Wire::OUT.concat(payload["out"])
    Wire::ERR.concat(payload["err"])
    nil
  when "sleep" then sleep(payload["seconds"]) && nil
  when "exit" then exit!(payload["status"]) # a plain exit would be an exception like others
  when "prepared" then PREPARED
  else raise ArgumentError, "no such op"
  end
end

# ---- your part: replace everything between this line and the last one ----------------------------

PREPARED = []

# Takes the items of main(stdin=...) up to a null (PREP-4); without any, leave it empty.
def prepare
  until (item = Wire.message).nil?
    PREPARED << item
  end
end

# Does one task and gives its answer; whatever it raises is a failure (ERR-4).
def task(payload)
  return conformance(payload) if payload.is_a?(Hash) && payload.key?("op") # while you test
  payload.split.size
end

Wire.run
