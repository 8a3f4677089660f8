// A worker in C, in one file, that speaks JSON: copy it, and replace the part at its end.
// It needs POSIX, GCC or Clang, and jansson 2.11 or later (Debian: libjansson-dev).
// Build it:  cc -O2 -o worker worker.c -ljansson -lm
// Prove it:  spread-jobs-conform --codec json -- ./worker
// Comments cite the requirements of spec/1.0.

#include <err.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// ---- the wire: leave this part as it is ---------------------------------------------------------

typedef struct { json_t *first; } outcome;  // of a task: answer(), failure() and busy() make it
static void prepare(void);                  // this one and the next are your part
static outcome task(json_t *payload);

static FILE *requests, *answers;
static json_t *task_id;                // of the request at work; it goes back as it came (RUN-5)
static json_t *out_lines, *err_lines;  // arrays of what the task printed; you may set them (OUT-2)
static json_error_t error;
static bool prepared;

static void take_pipes(void) {  // WIRE-4: out of reach of prints, libraries and child processes
    requests = fdopen(fcntl(0, F_DUPFD_CLOEXEC, 3), "r");
    answers = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 3), "w");
    if (!requests || !answers || dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0) || dup2(2, 1) < 0)
        err(1, "moving standard input and output");
    setvbuf(stdout, NULL, _IOLBF, 0);  // what is printed shows at once
}

static json_t *read_message(void) {  // ends the worker at the end of the input
    static char *line;
    static size_t room;
    ssize_t length = getline(&line, &room, requests);  // splits at LF alone (JSON-1)
    if (length < 0 && feof(requests)) exit(0);         // PREP-5, SHUT-5
    if (length < 0 || line[length - 1] != '\n') errx(1, "the input broke off");  // SHUT-6
    json_t *message = json_loadb(line, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    json_int_t id;  // what jansson cannot read, such as 3,000 levels, is a failure of that task
    if (!message && prepared && sscanf(line, "[%" JSON_INTEGER_FORMAT ",", &id) == 1)
        message = json_pack("[I]", id);
    if (!message) errx(1, "a message that jansson cannot read: %s", error.text);
    return message;
}

static outcome answer(json_t *value) {  // takes your reference
    return (outcome){json_pack("[Oo]", task_id, value)};
}

__attribute__((format(printf, 2, 3)))  // return failure("ValueError", "bad %d", n);
static outcome failure(const char *type, const char *format, ...) {
    va_list values;
    va_start(values, format);
    json_t *message = json_vsprintf(format, values) ?: json_string("(not in UTF-8)");
    va_end(values);
    return (outcome){json_pack("[sOsos]", "RemoteException", task_id, type, message, "")};  // ERR-1
}

static outcome busy(double seconds) {  // return busy(60); refuses the task for now (BUSY-1)
    return seconds < 0 ? failure("ValueError", "busy(%g)", seconds)
                       : (outcome){json_pack("[sOf]", "TooBusy", task_id, seconds)};
}

static bool exact(json_t *value) {  // JSON-4: a reader may round what is beyond 2**53-1
    size_t i; const char *key; json_t *item;
    json_array_foreach(value, i, item) if (!exact(item)) return false;
    json_object_foreach(value, key, item) if (!exact(item)) return false;
    json_int_t n = json_integer_value(value);
    return -(1LL << 53) < n && n < 1LL << 53;
}

static char *encode(outcome end) {  // the whole response, or NULL if it cannot travel (ERR-4)
    json_auto_t *response = json_pack("[oo?o?]", end.first, out_lines, err_lines);  // RUN-4
    out_lines = err_lines = NULL;
    char *text = json_dumps(response, JSON_COMPACT | JSON_REAL_PRECISION(17));  // JSON-7
    if (text && exact(response)) return text;
    free(text);
    return NULL;
}

int main(void) {
    take_pipes();
    prepare();
    for (prepared = true;;) {  // WIRE-3: one response at once, before the next message is read
        json_auto_t *request = read_message();
        json_t *payload = json_array_get(request, 1);
        task_id = json_array_get(request, 0);
        if (!json_is_number(task_id)) errx(1, "a message that is no request");
        char *text = encode(payload ? task(payload) : failure("ValueError", "%s", error.text));
        if (!text) text = encode(failure("ValueError", "NULL, no UTF-8, or an int beyond 2**53-1"));
        if (!text || fprintf(answers, "%s\n", text) < 0 || fflush(answers)) err(1, "answering");
        free(text);
    }
}

// ---- conformance payloads (spec 1.0, section 14): delete when you are done testing --------------

#define ITEM(name) json_object_get(payload, name)
#define OP(name) (!strcmp(op, name))
static outcome conformance(json_t *payload, json_t *items) {
    static json_t *refused;  // how often, by key
    const char *op = json_string_value(ITEM("op")) ?: "";
    if (OP("echo")) return answer(json_incref(ITEM("value")));
    if (OP("prepared")) return answer(json_incref(items));
    if (OP("exit")) exit(json_integer_value(ITEM("status")));
    if (OP("raise"))  // what failure() does, but for texts that may hold NUL
        return (outcome){json_pack("[sOOOs]", "RemoteException", task_id, ITEM("type"),
                                   ITEM("message"), "")};
    if (OP("print") && !json_unpack(payload, "{sOsO}", "out", &out_lines, "err", &err_lines))
        return answer(json_null());
    if (OP("sleep")) {
        double seconds = json_number_value(ITEM("seconds"));
        nanosleep(&(struct timespec){seconds, (seconds - (time_t)seconds) * 1e9}, NULL);
        return answer(json_null());
    }
    if (OP("busy")) {
        refused = refused ?: json_object();
        char *key = json_dumps(ITEM("key"), JSON_ENCODE_ANY);  // in which a NUL is an escape
        json_int_t count = json_integer_value(json_object_get(refused, key)) + 1;
        json_object_set_new(refused, key, json_integer(count));
        free(key);
        bool done = count > json_integer_value(ITEM("times"));
        return done ? answer(json_string("done")) : busy(json_number_value(ITEM("delay_s")));
    }
    return failure("ValueError", "unknown op: %s", op);
}

// ---- your part ----------------------------------------------------------------------------------

static json_t *items;

static void prepare(void) {  // takes the items of main(..., stdin=[...]) up to a None (OPS-8)
    json_t *item = read_message();
    for (items = json_array(); !json_is_null(item); item = read_message())
        json_array_append_new(items, item);
}

static outcome task(json_t *payload) {
    // Keep this line while you test:
    if (json_object_get(payload, "op")) return conformance(payload, items);
    const char *space = " \t\n\v\f\r", *text = json_string_value(payload);
    if (!text) return failure("TypeError", "the payload is no text");
    int words = 0;
    while (*(text += strspn(text, space))) words++, text += strcspn(text, space);
    return answer(json_integer(words));
}
