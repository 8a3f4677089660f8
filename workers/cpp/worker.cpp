// A worker in C++17, in one file, that speaks JSON: copy it, and replace the part at its end.
// It needs POSIX, GCC or Clang, and nlohmann-json 3.8 or later (Debian: nlohmann-json3-dev).
// Build it:  c++ -O2 -std=c++17 -o worker worker.cpp
// Prove it:  spread-jobs-conform --codec json -- ./worker
// Comments cite the requirements of spec/1.0.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>
using nlohmann::json;

// ---- the wire: leave this part as it is ---------------------------------------------------------

class Wire {
    FILE *requests = fdopen(fcntl(0, F_DUPFD_CLOEXEC, 3), "r");
    FILE *answers = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 3), "w");
    char *line = nullptr;
    std::size_t room = 0;
public:
    Wire() {  // WIRE-4: move the pipes out of reach of prints, libraries and child processes
        const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (!requests || !answers || dup2(nothing, 0) < 0 || dup2(2, 1) < 0)
            throw std::runtime_error("cannot move standard input and output");
        setvbuf(stdout, nullptr, _IOLBF, 0);  // what is printed shows at once
    }
    std::optional<json> read() {  // the next message, or nothing at the end of the input (SHUT-2)
        const auto length = getline(&line, &room, requests);  // splits at LF alone (JSON-1)
        if (length < 0 && feof(requests)) return std::nullopt;
        if (length < 0 || line[length - 1] != '\n') throw std::runtime_error("the input broke off");
        return json::parse(line, line + length);
    }
    void write(const std::string &message) {  // at once (WIRE-3)
        if (fwrite(message.data(), 1, message.size(), answers) < message.size() || fflush(answers))
            throw std::runtime_error("cannot write an answer");
    }
};

static Wire wire;  // made before any other object of this file, whose constructor might print
struct TooBusy { double seconds; };             // throw it to refuse the task for now (BUSY-1)
struct Failure { std::string type, message; };  // throw it, or any std::exception, to fail (ERR-1)
static std::vector<std::string> out_lines, err_lines;  // of the task, if you fill them (OUT-2)
void prepare();                                        // your part, and so is the next
json task(json payload);

static void check(const json &value, int depth = 0) {  // JSON-4: dump() lets all of this pass
    if (depth > 5000) throw std::length_error("nested deeper than 5,000 levels");
    if (value.is_structured())
        for (const json &item : value) check(item, depth + 1);
    const double number = value.is_number() ? value.get<double>() : 0;
    if (!std::isfinite(number) || (value.is_number_integer() && std::abs(number) >= 0x1p53))
        throw std::range_error("NaN, infinity or an integer beyond 2**53-1: JSON cannot carry it");
    if (value.is_binary() || value.is_discarded())
        throw std::invalid_argument("bytes, or what was no JSON: JSON cannot carry it");
}

constexpr auto strict = json::error_handler_t::strict, replace = json::error_handler_t::replace;
static std::string encode(json first, json::error_handler_t utf8) {  // the whole response (ERR-4)
    check(first);
    return json::array({std::move(first), out_lines, err_lines}).dump(-1, ' ', false, utf8) + '\n';
}

static std::string thrown_type() {  // the name of the type of the exception that is being handled
    const char *type = abi::__cxa_current_exception_type()->name();
    using Name = std::unique_ptr<char, decltype(&std::free)>;
    const Name name(abi::__cxa_demangle(type, nullptr, nullptr, nullptr), std::free);
    return name ? name.get() : type;
}

static std::string respond(const json &id, json payload) {
    const auto fail = [&](const std::string &type, const std::string &message) {
        return encode({"RemoteException", id, type, message, ""}, replace);
    };
    out_lines.clear(), err_lines.clear();
    try {
        return encode({id, task(std::move(payload))}, strict);  // RUN-5
    } catch (const TooBusy &busy) {
        if (!std::isfinite(busy.seconds) || busy.seconds < 0) return fail("TooBusy", "bad delay");
        return encode({"TooBusy", id, busy.seconds}, replace);
    } catch (const Failure &failure) {
        return fail(failure.type, failure.message);
    } catch (const std::exception &error) {
        return fail(thrown_type(), error.what());
    } catch (...) {
        return fail(thrown_type(), "");
    }
}

int main() try {
    prepare();
    while (auto request = wire.read()) {
        if (!request->is_array() || request->size() != 2 || !request->at(0).is_number())
            throw std::runtime_error("a message that is no request");
        wire.write(respond(request->at(0), std::move(request->at(1))));
    }
} catch (const std::exception &error) {
    std::cerr << "worker: " << error.what() << '\n';
    return 1;
}

// ---- conformance payloads (spec 1.0, section 14): delete when you are done testing --------------

#include <chrono>
#include <map>
#include <thread>
static json conformance(json payload, const json &items) {
    static std::map<std::string, int> tries;
    const std::string op = payload.at("op");
    if (op == "echo") return std::move(payload.at("value"));
    if (op == "prepared") return items;
    if (op == "raise") throw Failure{payload.at("type"), payload.at("message")};
    if (op == "exit") std::exit(payload.at("status"));
    if (op == "busy" && ++tries[payload.at("key").get<std::string>()] <= payload.at("times"))
        throw TooBusy{payload.at("delay_s")};
    if (op == "busy") return "done";
    if (op == "print")
        payload.at("out").get_to(out_lines), payload.at("err").get_to(err_lines);
    else if (op == "sleep")
        std::this_thread::sleep_for(std::chrono::duration<double>(payload.at("seconds")));
    else
        throw std::invalid_argument("unknown op: " + op);
    return nullptr;
}

// ---- your part ----------------------------------------------------------------------------------

#include <iterator>
#include <sstream>
static json items = json::array();

void prepare() {  // takes the items of main(..., stdin=[...]) up to a None (OPS-8)
    for (auto item = wire.read(); item && !item->is_null(); item = wire.read())
        items.push_back(*std::move(item));
}

json task(json payload) {  // keep its first line while you test
    if (payload.contains("op")) return conformance(std::move(payload), items);
    std::istringstream text(payload.get<std::string>());
    return std::distance(std::istream_iterator<std::string>(text), {});
}
