// A worker in one file, for Java 11 or later with Gson. Copy it together with worker.sh, which says
// why it is there, and replace the part at the end. Comments cite the requirements of spec/1.0.
//   javac -cp '*:/usr/share/java/gson.jar' -d classes worker.java    build it (or: make)
//   sh worker.sh                                                     run it; a master does
//   spread-jobs-conform --codec json -- sh worker.sh                 prove it

import static java.nio.charset.CodingErrorAction.*;
import static java.nio.charset.StandardCharsets.UTF_8;
import com.google.gson.*;
import com.google.gson.stream.*;
import java.io.*;
import java.nio.*;
import java.nio.charset.CodingErrorAction;
import java.util.*;

class Worker {
    // ---- the wire: leave this part as it is -----------------------------------------------------
    static final Gson GSON = new GsonBuilder().serializeNulls().create();
    static InputStream requests;

    /** Lines, each with its end, that task() adds here go to the master with the response. */
    static final List<String> out = new ArrayList<>(), err = new ArrayList<>();

    /** Throw it in task() to refuse the task; this worker is left alone for that many seconds. */
    static class TooBusy extends RuntimeException {
        final double seconds;
        TooBusy(double s) {
            if (!(s >= 0 && s < 1 / 0.0)) throw new IllegalArgumentException("TooBusy(" + s + ")");
            seconds = s;
        }
    }

    /** Throw it in task() for a failure with another name than that of a Java class. */
    static class Failure extends RuntimeException {
        final String type;
        Failure(String type, String message) {
            super(message);
            this.type = type;
        }
    }

    /** Answers every request, in order (RUN-3, RUN-6), until read() ends the process. */
    public static void main(String[] wire) {
        try {
            // WIRE-4: worker.sh has moved the two pipes out of reach, and says where they are.
            if (wire.length != 2) throw new IllegalArgumentException("start it with: sh worker.sh");
            requests = new BufferedInputStream(new FileInputStream(wire[0]), 1 << 16);
            PrintStream answers = new PrintStream(new FileOutputStream(wire[1], true));
            prepare();
            while (true) {
                JsonArray request = read().getAsJsonArray();
                ByteBuffer response = respond(request.get(0), request.get(1));
                answers.write(response.array(), 0, response.limit()); // WIRE-3: whole, at once
                if (answers.checkError()) System.exit(1); // the master has gone
            }
        } catch (Throwable fault) {
            fault.printStackTrace();
            System.exit(1);
        }
    }

    /** Returns the next message. The end of the input ends the worker (PREP-5, SHUT-2, SHUT-5). */
    static JsonElement read() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b; (b = requests.read()) != '\n'; line.write(b)) // JSON-1: a line ends at LF alone
            if (b < 0) System.exit(line.size() == 0 ? 0 : 1); // SHUT-6: no LF, no message
        String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(line.toByteArray())).toString();
        JsonReader json = new JsonReader(new StringReader(text)); // strict, unlike GSON.fromJson()
        JsonElement message = GSON.getAdapter(JsonElement.class).read(json); // JSON-7: exact
        if (json.peek() != JsonToken.END_DOCUMENT) throw new IOException("no message: " + text);
        return message;
    }

    /** Does one task and returns its whole response, encoded (RUN-4): first, out, err. */
    static ByteBuffer respond(JsonElement id, JsonElement payload) throws IOException {
        List.of(out, err).forEach(List::clear);
        try {
            return encode(REPORT, id, task(payload)); // RUN-5
        } catch (TooBusy busy) {
            return encode(REPLACE, "TooBusy", id, busy.seconds); // BUSY-1
        } catch (Throwable error) { // ERR-4: StackOverflowError and OutOfMemoryError, too
            String type = error.getClass().getName(), message = "";
            if (error instanceof Failure) type = ((Failure) error).type;
            StringWriter trace = new StringWriter();
            try {
                message = Objects.toString(error.getMessage(), "");
                error.printStackTrace(new PrintWriter(trace));
            } catch (Throwable itsOwn) { } // an exception's code may throw, too: then without texts
            return encode(REPLACE, "RemoteException", id, type, message, "" + trace); // ERR-1
        }
    }

    /** Encodes a response, or throws: what JSON cannot carry never gets onto the wire (ERR-4). */
    static ByteBuffer encode(CodingErrorAction surrogate, Object... first) throws IOException {
        StringWriter text = new StringWriter();
        JsonWriter json = new JsonWriter(text) { // JSON-4; it refuses NaN by itself
            @Override public JsonWriter value(Number number) throws IOException {
                double size = Math.abs(number.doubleValue());
                if (size > Double.MAX_VALUE || size >= 0x1p53 && ("" + number).matches("-?[0-9]+"))
                    throw new ArithmeticException("JSON does not carry " + number);
                return super.value(number);
            }
        };
        List.of(out, err).forEach(lines -> lines.replaceAll(String::valueOf)); // none is null
        GSON.getAdapter(JsonElement.class).write(json, GSON.toJsonTree(List.of(first, out, err)));
        return UTF_8.newEncoder().onMalformedInput(surrogate).encode(CharBuffer.wrap(text + "\n"));
    }

    // ---- conformance payloads (spec 1.0, section 14): delete when you are done testing ----------
    static final Map<String, Integer> REFUSALS = new HashMap<>();

    static class Op {
        String op, type, message, key;
        double times, delay_s, seconds, status;
        List<String> out, err;
        JsonElement value;
    }

    static JsonElement conformance(Op task) throws Exception {
        switch (task.op) {
            case "echo": return task.value;
            case "raise": throw new Failure(task.type, task.message);
            case "busy":
                int count = REFUSALS.merge(task.key, 1, Integer::sum);
                if (count <= task.times) throw new TooBusy(task.delay_s);
                return new JsonPrimitive("done");
            case "print": out.addAll(task.out); err.addAll(task.err); return null;
            case "sleep": Thread.sleep((long) Math.ceil(task.seconds * 1000)); return null;
            case "exit": System.exit((int) task.status); return null;
            case "prepared": return PREPARED;
            default: throw new IllegalArgumentException("unknown op: " + task.op);
        }
    }

    // ---- your part: replace what follows --------------------------------------------------------
    static final JsonArray PREPARED = new JsonArray();

    /** Takes the preparation items, those of main(stdin=...), up to a null (PREP-4, OPS-8). */
    static void prepare() throws Exception {
        for (JsonElement item = read(); !item.isJsonNull(); item = read()) PREPARED.add(item);
    }

    /** Does one task and returns its answer. Throw anything to fail, TooBusy to refuse. */
    static JsonElement task(JsonElement payload) throws Exception {
        if (payload.isJsonObject() && payload.getAsJsonObject().has("op")) // keep this
            return conformance(GSON.fromJson(payload, Op.class)); // while you test
        return new JsonPrimitive(new StringTokenizer(payload.getAsString()).countTokens());
    }
}
