// The user's part of workers/c/worker.c, for arrays: arrays.py puts it in place of the one there.
// A payload is {"path": ..., "dtype": "<f8", "shape": [...], "first": ..., "count": ...}: these numbers
// of a file, which stays where it is and is only read; or it is a list of numbers.
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void prepare(void) {}

static outcome sum_and_norm(double sum, double squares) {
    return answer(json_pack("{sfsf}", "sum", sum, "norm", sqrt(squares)));
}

static outcome of_list(json_t *list) {
    double sum = 0, squares = 0;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        double x = json_number_value(item);
        sum += x, squares += x * x;
    }
    return sum_and_norm(sum, squares);
}

static outcome task(json_t *payload) {
    if (json_is_array(payload)) return of_list(payload);
    const char *path, *dtype;
    json_int_t first, count;
    if (json_unpack(payload, "{sssssIsI}", "path", &path, "dtype", &dtype, "first", &first, "count", &count))
        return failure("ValueError", "a payload with path, dtype, first and count is due");
    if (strcmp(dtype, "<f8")) return failure("ValueError", "dtype %s; <f8 is due", dtype);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0 || fstat(file, &about)) return failure("OSError", "%s: %m", path);
    // Beyond the end of a file that is too short, reading would end the worker by SIGBUS.
    json_int_t there = about.st_size / sizeof(double);
    if (first < 0 || count < 1 || first > there || count > there - first) {
        close(file);
        return failure("ValueError", "%s: %lld numbers are there", path, (long long)there);
    }
    double *all = mmap(NULL, about.st_size, PROT_READ, MAP_SHARED, file, 0), sum = 0, squares = 0;
    close(file);
    if (all == MAP_FAILED) return failure("OSError", "%s: %m", path);
    for (json_int_t i = first; i < first + count; i++) sum += all[i], squares += all[i] * all[i];
    munmap(all, about.st_size);
    return sum_and_norm(sum, squares);
}
