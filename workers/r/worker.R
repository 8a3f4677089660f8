# A worker in R, codec JSON, in one file: copy it and replace the part at the end. It needs R 3.6 or
# later, on Linux, and the package jsonlite. Comments cite the requirements of spec/1.0.
#
# Run it:   Rscript --no-init-file worker.R     (an .Rprofile might print among the answers)
# Prove it: spread-jobs-conform --codec json -- Rscript --no-init-file worker.R

# ---- the wire: leave this part as it is ----------------------------------------------------------

# WIRE-4: first of all, move the two pipes out of reach. R cannot copy a descriptor, but open it
# again and close the old one; what is opened next gets its number. A fifo() gives what has come,
# while a file() would wait until its buffer is full (WIRE-7). "e" means close-on-exec (SHUT-4).
wire <- list(unread = raw(), requests = fifo("/dev/fd/0", "rb", blocking = TRUE),
             answers = file("/dev/fd/1", "aeb", raw = TRUE))
parallel:::closeFD(0:1)
wire$stdin <- file("/dev/null", "rb")
wire$stdout <- file("/dev/fd/2", "ab", raw = TRUE)
options(warn = 1)  # Show a warning when it is given: this program may run for days.
if (!l10n_info()[["UTF-8"]]) invisible(Sys.setlocale("LC_CTYPE", "C.UTF-8"))

replaced <- function(old, new, text) gsub(old, new, text, fixed = TRUE, useBytes = TRUE)

# Read one message. The end of the input ends the worker (PREP-5, SHUT-2, SHUT-5, SHUT-6).
next_message <- function() {
  pieces <- list()
  while (!length(end <- grepRaw("\n", wire$unread, fixed = TRUE))) {  # JSON-1
    pieces <- c(pieces, list(wire$unread))
    wire$unread <<- readBin(wire$requests, "raw", 65536)
    if (!length(wire$unread)) quit("no", status = any(lengths(pieces) > 0))
  }
  text <- rawToChar(do.call(c, c(pieces, list(wire$unread[seq_len(end)]))))
  wire$unread <<- wire$unread[-seq_len(end)]
  # DATA-3: no text in R has a NUL. In here, it is "\x10" and "0", and "\x10" is "\x10" and "1".
  if (grepl("\\u00", text, fixed = TRUE, useBytes = TRUE)) {
    escapes <- c("\\\\" = "\\u005c", "\\u0010" = "\\u00101", "\\u0000" = "\\u00100")
    for (old in names(escapes)) text <- replaced(old, escapes[[old]], text)
  }
  Encoding(text) <- "UTF-8"
  jsonlite::parse_json(text)
}

# jsonlite::toJSON() would round to 15 digits, rename keys, write NaN as text (JSON-4, JSON-7).
to_json <- function(x) {
  if (is.object(x) && !identical(oldClass(x), "AsIs") || !is.null(dim(x)))
    stop("an answer is made of lists and plain vectors, not of class ", class(x)[1])
  if (is.atomic(x) && (anyNA(x) || is.numeric(x) && !all(is.finite(x))))
    stop("JSON cannot carry NA, NaN and Inf")
  if (!is.null(names(x))) {
    if (anyNA(names(x)) || anyDuplicated(names(x))) stop("a name is missing or there twice")
    items <- paste(quoted(names(x)), vapply(x, to_json, ""), sep = ":", collapse = ",")
    return(paste0("{", items, "}"))
  }
  items <- switch(typeof(x),
    "NULL" = "null",
    list = vapply(x, to_json, ""),
    logical = c("false", "true")[x + 1],
    integer = , double = sprintf(c("%.16e", "%.17g")[(abs(x) < 2^53) + 1], x),
    character = quoted(x),
    stop("JSON cannot carry a ", typeof(x)))
  if (!is.list(x) && !is.object(x) && length(items) == 1) return(items)
  paste0("[", paste(items, collapse = ","), "]")
}

quoted <- function(text) {
  if (!length(text)) return(character())
  if (!all(validEnc(text), validUTF8(enc2utf8(text)))) stop("a text with invalid bytes")
  text <- replaced("\"", "\\\"", replaced("\\", "\\\\", enc2utf8(text)))
  if (any(grepl("[\x01-\x1f]", text, perl = TRUE, useBytes = TRUE))) {
    text <- replaced("\x101", "\\u0010", replaced("\x100", "\\u0000", text))
    present <- tabulate(as.integer(charToRaw(paste(text, collapse = ""))), 31) > 0
    for (code in which(present)) text <- replaced(intToUtf8(code), sprintf("\\u%04x", code), text)
  }
  Encoding(text) <- "UTF-8"
  paste0("\"", text, "\"")
}

# stop(TooBusy(seconds)) refuses a task for now (BUSY-1). It is no error, to pass error handlers by.
TooBusy <- function(seconds) {
  stopifnot(is.numeric(seconds), length(seconds) == 1, is.finite(seconds), seconds >= 0)
  structure(class = c("TooBusy", "condition"), list(message = "", call = NULL, seconds = seconds))
}

# An answer with the lines that the task printed (OUT-1).
printed <- function(value, out = NULL, err = NULL)
  structure(class = "printed", list(value, as.list(out), as.list(err)))

# Do one task and give its whole response, as text (RUN-4, ERR-4).
respond <- function(id, payload) {
  trace <- NULL
  is_task <- function(call) identical(call, quote(task(payload)))
  plain <- function(text) tryCatch(error = function(e) "<no text>",
    iconv(enc2utf8(paste(text, collapse = "\n")), "UTF-8", "UTF-8", sub = "byte"))
  tryCatch(
    withCallingHandlers({
      value <- task(payload)
      if (!inherits(value, "printed")) value <- printed(value)
      to_json(list(list(id, value[[1]]), value[[2]], value[[3]]))
    }, error = function(e) {
      calls <- head(sys.calls(), -2)  # The last two called this function.
      calls <- tail(calls[-seq_len(Position(is_task, calls, nomatch = 0))], 50)
      trace <<- vapply(calls, function(call) deparse(call, nlines = 1)[1], "")
    }),
    error = function(e) to_json(list(list("RemoteException", id, plain(class(e)[1]),
      plain(conditionMessage(e)), plain(trace)), NULL, NULL)),
    TooBusy = function(busy) to_json(list(list("TooBusy", id, busy$seconds), NULL, NULL)))
}

serve <- function() {
  prepare(next_message)
  repeat {
    request <- next_message()
    response <- charToRaw(paste0(respond(request[[1]], request[[2]]), "\n"))
    tryCatch({ writeBin(response, wire$answers); flush(wire$answers) },  # WIRE-3
             error = function(e) quit("no", status = 1))  # The master has gone.
  }
}

# ---- conformance payloads (spec 1.0, section 14): delete when you are done testing ---------------

refused <- list()

conformance <- function(p) switch(p[["op"]],
  echo = p[["value"]],
  raise = stop(errorCondition(p[["message"]], class = p[["type"]])),
  busy = {
    key <- paste("key", p[["key"]])
    refused[[key]] <<- sum(refused[[key]], 1)
    if (refused[[key]] > p[["times"]]) "done" else stop(TooBusy(p[["delay_s"]]))
  },
  print = printed(NULL, p[["out"]], p[["err"]]),
  sleep = Sys.sleep(p[["seconds"]]),
  exit = quit("no", status = p[["status"]]),
  prepared = prepared,
  stop("unknown op: ", p[["op"]]))

# ---- your part: replace everything between this line and the last --------------------------------

prepared <- list()

# Take the preparation items up to a NULL. Without any, write: prepare <- function(next_item) NULL
prepare <- function(next_item)
  while (!is.null(item <- next_item())) prepared[[length(prepared) + 1]] <<- item

# Do one task and give its answer. An error is a failure; stop(TooBusy(seconds)) is a refusal.
task <- function(payload) {
  if (is.list(payload) && "op" %in% names(payload)) return(conformance(payload))  # while you test
  sum(nzchar(strsplit(payload, "[[:space:]]+")[[1]]))
}

serve()
