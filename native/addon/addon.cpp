/**
 * The native core in process, for Node and VS Code's extension host. Node-API only. Names and meanings are those of
 * docs/wire.md; requests are objects with the header's keys, answers objects with those of the `ok` frame.
 *   create({device, holder?, onPartitions?, onTrace?, onRefusedStart?}): `holder` is the path of an agent's executable for this machine,
 *     which a hold runs (`tilescope-agent hold ...`); without it `hold` fails. onPartitions({partitions, free}),
 *     onTrace(line), onRefusedStart({startCol, numCols, pid, command}).
 *   hello(), describe(), partitions(), open(startCol, numCols, allowUnknown, asking?)
 *   read({startCol, numCols, memory, ranges, openTiles?, asking?}, token): {bytes: [Uint8Array], spans: Uint32Array, epoch,
 *     at, gaveWay}
 *   write({..., epoch, force, besideOwner?, words: Uint32Array}, token): {outcomes: Uint32Array, epoch, at}
 *   status({startCol, numCols, tiles: [[col, row]], detail?, asking?}, token): {tiles: [{col, row, kind, reason, source, files?,
 *     registers: Uint32Array of records offset, value}], epoch, at}
 *   clocks(startCol, numCols, on): {on}; hold(startCol, numCols, on, hours?, token?): {};
 *   kernelDescriptor(startCol, numCols): {}
 *   stuck(): the name of the driver's call that does not come back, or nothing
 *   cancel(token), close()
 * Every call but stuck and cancel answers with a promise; a rejection is an Error with `code`, `errno` and `facts`.
 * Threads: the JavaScript thread makes requests and owns every array; one worker thread per core touches the device
 * and fills them; results come back through one thread-safe function.
 */
#include <napi.h>

#include <map>
#include <utility>

#include "../core/hold_job.h"
#include "../core/read_job.h"
#include "../core/status_job.h"
#include "../core/worker.h"
#include "../core/write_job.h"
#include "version.h"

namespace {

using namespace tilescope;

constexpr uint64_t mostReadBytes = uint64_t{512} << 20U;
constexpr uint64_t smallRead = 16384;
/** Tiles of a status request that overtakes bulk. */
constexpr size_t fewTiles = 16;

Napi::Value number(Napi::Env env, uint64_t value) {
    return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Error errorValue(Napi::Env env, const CoreError& error) {
    Napi::Error made = Napi::Error::New(env, error.detail());
    made.Set("code", Napi::String::New(env, error.code()));
    made.Set("errno", Napi::Number::New(env, error.errnum()));
    Napi::Object facts = Napi::Object::New(env);
    for (const auto& [name, value] : error.facts()) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            facts.Set(name, *text);
        } else {
            facts.Set(name, static_cast<double>(std::get<int64_t>(value)));
        }
    }
    made.Set("facts", facts);
    return made;
}

Napi::Object partitionObject(Napi::Env env, const PartitionState& one) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("id", one.entry.id);
    entry.Set("startCol", one.entry.columns.startCol);
    entry.Set("numCols", one.entry.columns.numCols);
    entry.Set("startRow", one.entry.startRow);
    entry.Set("numRows", one.entry.numRows);
    entry.Set("inUse", one.entry.inUse);
    entry.Set("epoch", one.epoch);
    if (one.owner) {
        Napi::Object owner = Napi::Object::New(env);
        owner.Set("pid", static_cast<double>(one.owner->pid));
        owner.Set("command", one.owner->command);
        owner.Set("startedAt", static_cast<double>(one.owner->startedAt));
        owner.Set("kind", std::string(ownerKindName(one.owner->kind)));
        entry.Set("owner", owner);
    }
    if (one.hold) {
        Napi::Object hold = Napi::Object::New(env);
        hold.Set("pid", static_cast<double>(one.hold->process.pid));
        hold.Set("since", static_cast<double>(one.hold->facts.since));
        hold.Set("until", static_cast<double>(one.hold->facts.until));
        entry.Set("hold", hold);
    }
    entry.Set("ownerGone", one.ownerGone);
    entry.Set("picked", one.picked);
    entry.Set("clocksOn", one.clocksOn);
    return entry;
}

/** Partitions in use or static, and the free columns where partitions are dynamic. */
struct PartitionList {
    std::vector<PartitionState> partitions;
    std::vector<ColumnRange> free;
};

Napi::Array freeList(Napi::Env env, const std::vector<ColumnRange>& free) {
    Napi::Array list = Napi::Array::New(env);
    for (uint32_t i = 0; i < free.size(); i++) {
        Napi::Array run = Napi::Array::New(env, 2);
        run.Set(0U, free[i].startCol);
        run.Set(1U, free[i].numCols);
        list.Set(i, run);
    }
    return list;
}

/** Sets `partitions` and `free`. */
void setLists(Napi::Env env, Napi::Object& answer, const std::vector<PartitionState>& partitions,
              const std::vector<ColumnRange>& free) {
    Napi::Array list = Napi::Array::New(env);
    for (uint32_t i = 0; i < partitions.size(); i++) list.Set(i, partitionObject(env, partitions[i]));
    answer.Set("partitions", list);
    answer.Set("free", freeList(env, free));
}

Napi::Value partitionsValue(Napi::Env env, const PartitionList& list) {
    Napi::Object answer = Napi::Object::New(env);
    setLists(env, answer, list.partitions, list.free);
    return answer;
}

/** A promise under way. Made and settled on the JavaScript thread. */
class Pending {
  public:
    explicit Pending(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}
    virtual ~Pending() = default;
    /** What the promise resolves with. */
    virtual Napi::Value result(Napi::Env env) = 0;
    /** The environment is going: its references must not be deleted any more. */
    virtual void abandon() {}

    Napi::Promise::Deferred deferred;
};

class Core;
struct Message;
void onMessage(Napi::Env env, Napi::Function callback, Core* core, Message* raw);

/** A message from the worker to the JavaScript thread. */
struct Message {
    std::unique_ptr<Pending> settled;
    std::optional<CoreError> error;
    std::optional<PartitionList> partitions;
    std::vector<std::string> lines;
    std::vector<RefusedStart> refused = {};
};

/** The worker's end of the bridge. Messages sent after close() are dropped. */
class Bridge {
  public:
    using Function = Napi::TypedThreadSafeFunction<Core, Message, onMessage>;
    explicit Bridge(Function function) : function_(function) {}
    void send(Message message) {
        auto owned = std::make_unique<Message>(std::move(message));
        const std::lock_guard lock(mutex_);
        if (open_ && function_.NonBlockingCall(owned.get()) == napi_ok) {
            static_cast<void>(owned.release());
        } else if (owned->settled) {
            owned->settled->abandon();
        }
    }
    void close() {
        const std::lock_guard lock(mutex_);
        if (std::exchange(open_, false)) function_.Abort();
    }
    Function& function() { return function_; }

  private:
    std::mutex mutex_;
    Function function_;
    bool open_ = true;
};

/**
 * Settles its promise through the bridge. Exactly one place owns the promise at any time: its references may only be
 * deleted on the JavaScript thread, where the message ends.
 */
template <typename Kind> class BridgedTask : public Task {
  public:
    BridgedTask(uint64_t id, Bridge& bridge, std::unique_ptr<Kind> pending)
        : Task(id), bridge_(bridge), pending_(std::move(pending)) {}
    void deliver(bool finished) override {
        if (finished) bridge_.send({std::move(pending_), std::nullopt, std::nullopt, {}});
    }
    void fail(const CoreError& error) noexcept override {
        bridge_.send({std::move(pending_), error, std::nullopt, {}});
    }

  protected:
    Kind& pending() { return *pending_; }

  private:
    Bridge& bridge_;
    std::unique_ptr<Kind> pending_;
};

/** A request whose answer is a plain value of the core. */
template <typename Answer> class ValuePending final : public Pending {
  public:
    using Convert = Napi::Value (*)(Napi::Env, const Answer&);
    ValuePending(Napi::Env env, Convert convert) : Pending(env), convert_(convert) {}
    Napi::Value result(Napi::Env env) override { return convert_(env, *answer); }
    std::optional<Answer> answer;

  private:
    Convert convert_;
};

template <typename Answer> class ValueTask final : public BridgedTask<ValuePending<Answer>> {
  public:
    ValueTask(uint64_t id, Bridge& bridge, std::unique_ptr<ValuePending<Answer>> pending,
              std::function<OrLater<Answer>(Engine&)> act)
        : BridgedTask<ValuePending<Answer>>(id, bridge, std::move(pending)), act_(std::move(act)) {}
    Progress step(Engine& engine) override {
        auto answer = act_(engine);
        if (!answer) return answer.later();
        this->pending().answer = std::move(*answer);
        return Progress::done();
    }

  private:
    std::function<OrLater<Answer>(Engine&)> act_;
};

/** A read: the arrays are made on the JavaScript thread, kept by `arrays`, and filled in place by the worker. */
class ReadPending final : public Pending {
  public:
    ReadPending(Napi::Env env, const std::vector<ByteRange>& ranges) : Pending(env) {
        Napi::Array list = Napi::Array::New(env, ranges.size());
        for (size_t i = 0; i < ranges.size(); i++) {
            Napi::Uint8Array bytes = Napi::Uint8Array::New(env, ranges[i].length);
            targets.emplace_back(bytes.Data(), ranges[i].length);
            list.Set(static_cast<uint32_t>(i), bytes);
        }
        arrays = Napi::Persistent(list.As<Napi::Object>());
    }
    Napi::Value result(Napi::Env env) override {
        Napi::Object answer = Napi::Object::New(env);
        answer.Set("bytes", arrays.Value());
        Napi::Uint32Array records = Napi::Uint32Array::New(env, spans.size() * 3);
        for (size_t i = 0; i < spans.size(); i++) {
            records[i * 3] = static_cast<uint32_t>(spans[i].offset);
            records[i * 3 + 1] = static_cast<uint32_t>(spans[i].length);
            records[i * 3 + 2] = static_cast<uint32_t>(spans[i].reason);
        }
        answer.Set("spans", records);
        answer.Set("epoch", epoch);
        answer.Set("at", number(env, static_cast<uint64_t>(at)));
        answer.Set("gaveWay", gaveWay);
        return answer;
    }

    void abandon() override { arrays.SuppressDestruct(); }

    Napi::ObjectReference arrays;
    std::vector<std::span<uint8_t>> targets;
    std::vector<Span> spans;
    std::string epoch;
    int64_t at = 0;
    bool gaveWay = false;
};

class ReadTask final : public BridgedTask<ReadPending>, private ReadSink {
  public:
    ReadTask(uint64_t id, Bridge& bridge, std::unique_ptr<ReadPending> pending, ReadRequest request)
        : BridgedTask(id, bridge, std::move(pending)), job_(std::move(request)) {}
    Progress step(Engine& engine) override {
        const Progress made = job_.step(engine, *this);
        pending().epoch = job_.epoch();
        pending().at = job_.at();
        pending().gaveWay = job_.gaveWay();
        return made;
    }

  private:
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t /*offset*/, uint64_t length) override {
        return pending().targets[range].subspan(at, length);
    }
    void filled(uint64_t /*length*/) override {}
    void unreadable(const Span& span) override {
        auto& spans = pending().spans;
        const bool joins = !spans.empty() && spans.back().reason == span.reason &&
                           spans.back().offset + spans.back().length == span.offset;
        if (joins) {
            spans.back().length += span.length;
        } else {
            spans.push_back(span);
        }
    }

    ReadJob job_;
};

class WritePending final : public Pending {
  public:
    explicit WritePending(Napi::Env env) : Pending(env) {}
    Napi::Value result(Napi::Env env) override {
        Napi::Object answer = Napi::Object::New(env);
        Napi::Uint32Array records = Napi::Uint32Array::New(env, outcomes.size() * 3);
        for (size_t i = 0; i < outcomes.size(); i++) {
            const WordOutcome& one = outcomes[i];
            records[i * 3] = one.offset;
            records[i * 3 + 1] = static_cast<uint32_t>(one.outcome) | static_cast<uint32_t>(one.reason) << 8U;
            records[i * 3 + 2] = one.now;
        }
        answer.Set("outcomes", records);
        answer.Set("epoch", epoch);
        answer.Set("at", number(env, static_cast<uint64_t>(at)));
        return answer;
    }

    std::vector<WordOutcome> outcomes;
    std::string epoch;
    int64_t at = 0;
};

class WriteTask final : public BridgedTask<WritePending> {
  public:
    WriteTask(uint64_t id, Bridge& bridge, std::unique_ptr<WritePending> pending, WriteRequest request)
        : BridgedTask(id, bridge, std::move(pending)), job_(std::move(request)) {}
    Progress step(Engine& engine) override {
        const Progress made = job_.step(engine, pending().outcomes);
        pending().epoch = job_.epoch();
        pending().at = job_.at();
        return made;
    }

  private:
    WriteJob job_;
};

/** A look at tiles; the arrays of words are made on the JavaScript thread at the end. */
class StatusPending final : public Pending {
  public:
    explicit StatusPending(Napi::Env env) : Pending(env) {}
    Napi::Value result(Napi::Env env) override {
        Napi::Array list = Napi::Array::New(env, tiles.size());
        for (uint32_t i = 0; i < tiles.size(); i++) {
            const TileStatus& one = tiles[i];
            Napi::Object tile = Napi::Object::New(env);
            tile.Set("col", one.tile.col);
            tile.Set("row", one.tile.row);
            tile.Set("kind", std::string(kindName(one.kind)));
            tile.Set("reason", static_cast<uint32_t>(one.reason));
            tile.Set("source", one.fromSysfs ? "sysfs" : "registers");
            if (!one.files.empty()) {
                Napi::Object files = Napi::Object::New(env);
                for (const auto& [name, text] : one.files) files.Set(name, text);
                tile.Set("files", files);
            }
            Napi::Uint32Array words = Napi::Uint32Array::New(env, one.registers.size() * 2);
            for (size_t at = 0; at < one.registers.size(); at++) {
                words[at * 2] = one.registers[at].first;
                words[at * 2 + 1] = one.registers[at].second;
            }
            tile.Set("registers", words);
            list.Set(i, tile);
        }
        Napi::Object answer = Napi::Object::New(env);
        answer.Set("tiles", list);
        answer.Set("epoch", epoch);
        answer.Set("at", number(env, static_cast<uint64_t>(at)));
        return answer;
    }

    std::vector<TileStatus> tiles;
    std::string epoch;
    int64_t at = 0;
};

class StatusTask final : public BridgedTask<StatusPending> {
  public:
    StatusTask(uint64_t id, Bridge& bridge, std::unique_ptr<StatusPending> pending, StatusRequest request)
        : BridgedTask(id, bridge, std::move(pending)), job_(std::move(request)) {}
    Progress step(Engine& engine) override {
        const Progress made = job_.step(engine, pending().tiles);
        pending().epoch = job_.epoch();
        pending().at = job_.at();
        return made;
    }

  private:
    StatusJob job_;
};

/** A request whose answer says only that it was done. */
class DonePending final : public Pending {
  public:
    explicit DonePending(Napi::Env env) : Pending(env) {}
    Napi::Value result(Napi::Env env) override { return Napi::Object::New(env); }
};

class HoldTask final : public BridgedTask<DonePending> {
  public:
    HoldTask(uint64_t id, Bridge& bridge, std::unique_ptr<DonePending> pending, HoldRequest request)
        : BridgedTask(id, bridge, std::move(pending)), job_(std::move(request), process_) {}
    Progress step(Engine& engine) override { return job_.step(engine); }

  private:
    LinuxHoldProcess process_;
    HoldJob job_;
};

// Arguments. A wrong kind is the caller's mistake: a TypeError, thrown at once.

uint64_t wholeNumber(const Napi::Value& value, const char* what) {
    constexpr double most = 9007199254740991.0;
    const double plain = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(plain >= 0 && plain <= most) || plain != static_cast<double>(static_cast<uint64_t>(plain))) {
        throw Napi::TypeError::New(value.Env(), std::string(what) + " is not a whole number");
    }
    return static_cast<uint64_t>(plain);
}

uint32_t word(const Napi::Value& value, const char* what) {
    const uint64_t plain = wholeNumber(value, what);
    if (plain > UINT32_MAX) throw Napi::TypeError::New(value.Env(), std::string(what) + " is too large");
    return static_cast<uint32_t>(plain);
}

Napi::Object object(const Napi::Value& value, const char* what) {
    if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), std::string(what) + " is not an object");
    return value.As<Napi::Object>();
}

Napi::Array list(const Napi::Value& value, const char* what) {
    if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), std::string(what) + " is not a list");
    return value.As<Napi::Array>();
}

ColumnRange columns(const Napi::Value& startCol, const Napi::Value& numCols) {
    const ColumnRange asked{word(startCol, "startCol"), word(numCols, "numCols")};
    try {
        return checkedColumns(asked);
    } catch (const CoreError& error) {
        throw errorValue(startCol.Env(), error);
    }
}

ColumnRange columns(const Napi::Object& request) {
    return columns(request.Get("startCol"), request.Get("numCols"));
}

MemoryType memory(const Napi::Object& request) {
    const Napi::Value name = request.Get("memory");
    const auto type = memoryFromName(name.IsString() ? name.As<Napi::String>().Utf8Value() : std::string());
    if (!type) throw errorValue(request.Env(), CoreError("out-of-range", "no such memory type"));
    return *type;
}

std::vector<uint32_t> openTiles(const Napi::Object& request) {
    std::vector<uint32_t> tiles;
    const Napi::Value value = request.Get("openTiles");
    if (value.IsUndefined()) return tiles;
    const Napi::Array all = list(value, "openTiles");
    for (uint32_t i = 0; i < all.Length(); i++) tiles.push_back(word(all.Get(i), "openTiles"));
    return tiles;
}

/** Who asks; what nobody says is asked by nobody. */
Asking asking(const Napi::Value& value) {
    if (value.IsUndefined()) return Asking::nobody;
    const auto found = askingFromName(value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string());
    if (!found) throw Napi::TypeError::New(value.Env(), "asking is none of its words");
    return *found;
}

Napi::Value helloValue(Napi::Env env, const std::pair<Machine, int64_t>& answer) {
    const Machine& machine = answer.first;
    Napi::Object hello = Napi::Object::New(env);
    hello.Set("protocol", protocolVersion);
    hello.Set("core", coreVersion);
    hello.Set("pid", static_cast<double>(machine.pid));
    hello.Set("hostName", machine.hostName);
    hello.Set("kernel", machine.kernel);
    hello.Set("machine", machine.machine);
    hello.Set("pageSize", static_cast<double>(machine.pageSize));
    hello.Set("bootId", machine.bootId);
    hello.Set("uid", static_cast<double>(machine.uid));
    hello.Set("now", static_cast<double>(answer.second));
    return hello;
}

Napi::Array rowsValue(Napi::Env env, const RowRange& range) {
    Napi::Array rows = Napi::Array::New(env, 2);
    rows.Set(0U, range.start);
    rows.Set(1U, range.count);
    return rows;
}

Napi::Value descriptionValue(Napi::Env env, const Description& found) {
    Napi::Object description = Napi::Object::New(env);
    description.Set("device", found.device);
    description.Set("family", std::string(familyName(found.family)));
    description.Set("generation", std::string(generationName(found.generation)));
    Napi::Array findings = Napi::Array::New(env);
    for (uint32_t i = 0; i < found.findings.size(); i++) findings.Set(i, found.findings[i]);
    description.Set("findings", findings);
    if (found.array) {
        const ArrayShape& shape = *found.array;
        Napi::Object array = Napi::Object::New(env);
        array.Set("numCols", shape.numCols);
        array.Set("shim", rowsValue(env, shape.shim));
        array.Set("memory", rowsValue(env, shape.memory));
        array.Set("core", rowsValue(env, shape.core));
        description.Set("array", array);
    }
    setLists(env, description, found.partitions, found.free);
    return description;
}

Napi::Value memoriesValue(Napi::Env env, const std::vector<MemoryState>& memories) {
    Napi::Array all = Napi::Array::New(env);
    for (uint32_t i = 0; i < memories.size(); i++) {
        const MemoryGeometry& geometry = memories[i].geometry;
        Napi::Object one = Napi::Object::New(env);
        one.Set("type", std::string(memoryName(geometry.type)));
        one.Set("startCol", geometry.startCol);
        one.Set("numCols", geometry.numCols);
        one.Set("startRow", geometry.startRow);
        one.Set("numRows", geometry.numRows);
        one.Set("bytesPerTile", geometry.bytesPerTile);
        one.Set("tileBase", geometry.tileBase);
        one.Set("writable", memories[i].writable);
        all.Set(i, one);
    }
    Napi::Object answer = Napi::Object::New(env);
    answer.Set("memories", all);
    return answer;
}

/** One core: what create() returns. */
class Core final : public Napi::ObjectWrap<Core> {
  public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Core",
                           {InstanceMethod<&Core::hello>("hello"), InstanceMethod<&Core::describe>("describe"),
                            InstanceMethod<&Core::partitions>("partitions"), InstanceMethod<&Core::open>("open"),
                            InstanceMethod<&Core::read>("read"), InstanceMethod<&Core::write>("write"),
                            InstanceMethod<&Core::status>("status"), InstanceMethod<&Core::clocks>("clocks"),
                            InstanceMethod<&Core::hold>("hold"),
                            InstanceMethod<&Core::kernelDescriptor>("kernelDescriptor"),
                            InstanceMethod<&Core::stuck>("stuck"), InstanceMethod<&Core::cancel>("cancel"),
                            InstanceMethod<&Core::close>("close")});
    }

    explicit Core(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Core>(info), env_(info.Env()) {
        const Napi::Object options = object(info[0], "options");
        const Napi::Value device = options.Get("device");
        if (!device.IsString()) throw Napi::TypeError::New(env_, "device is not text");
        if (options.Get("onPartitions").IsFunction()) {
            onPartitions_ = Napi::Persistent(options.Get("onPartitions").As<Napi::Function>());
        }
        if (options.Get("holder").IsString()) holder_ = options.Get("holder").As<Napi::String>().Utf8Value();
        if (options.Get("onRefusedStart").IsFunction()) {
            onRefusedStart_ = Napi::Persistent(options.Get("onRefusedStart").As<Napi::Function>());
        }
        const bool tracing = options.Get("onTrace").IsFunction();
        if (tracing) onTrace_ = Napi::Persistent(options.Get("onTrace").As<Napi::Function>());
        bridge_ = std::make_unique<Bridge>(Bridge::Function::New(env_, "tilescope", 0, 1, this));
        bridge_->function().Unref(env_);
        worker_ = std::make_unique<Worker>(
            device.As<Napi::String>().Utf8Value(),
            Worker::Hooks{[this](const std::vector<PartitionState>& partitions, const std::vector<ColumnRange>& free) {
                              bridge_->send({nullptr, std::nullopt, PartitionList{partitions, free}, {}});
                          },
                          [this](const std::vector<std::string>& lines) {
                              bridge_->send({nullptr, std::nullopt, std::nullopt, lines});
                          },
                          [this](const std::vector<RefusedStart>& refused) {
                              bridge_->send({nullptr, std::nullopt, std::nullopt, {}, refused});
                          },
                          [this](const std::string& text) {
                              bridge_->send({nullptr, std::nullopt, std::nullopt, {text}});
                          }});
        worker_->setTracing(tracing);
        // Before the environment goes (a worker thread that ends): the device's thread must be gone first.
        napi_add_env_cleanup_hook(env_, &Core::atCleanup, this);
        hooked_ = true;
    }

    ~Core() override {
        if (hooked_) napi_remove_env_cleanup_hook(env_, &Core::atCleanup, this);
        stop();
    }

    /** On the JavaScript thread, for every message of the worker. */
    void take(Napi::Env env, const Message& message) {
        if (message.settled) settle(env, *message.settled, message.error);
        if (message.partitions && !onPartitions_.IsEmpty() && worker_) {
            onPartitions_.Call({partitionsValue(env, *message.partitions)});
        }
        for (const RefusedStart& one : message.refused) {
            if (onRefusedStart_.IsEmpty()) break;
            Napi::Object refused = Napi::Object::New(env);
            refused.Set("startCol", one.columns.startCol);
            refused.Set("numCols", one.columns.numCols);
            refused.Set("pid", static_cast<double>(one.pid));
            refused.Set("command", one.command);
            onRefusedStart_.Call({refused});
        }
        if (onTrace_.IsEmpty()) return;
        for (const std::string& line : message.lines) onTrace_.Call({Napi::String::New(env, line)});
    }

  private:
    void settle(Napi::Env env, Pending& pending, const std::optional<CoreError>& error) {
        if (--waiting_ == 0) {
            bridge_->function().Unref(env);
            Unref();
        }
        if (error) {
            pending.deferred.Reject(errorValue(env, *error).Value());
        } else {
            pending.deferred.Resolve(pending.result(env));
        }
    }

    static void atCleanup(void* raw) {
        auto* core = static_cast<Core*>(raw);
        core->hooked_ = false;
        core->stop();
    }

    /** Ends the thread after its current slice, and the bridge after it. */
    void stop() {
        worker_.reset();
        if (bridge_) bridge_->close();
    }

    Napi::Promise start(std::unique_ptr<Task> task, Napi::Promise promise, bool urgent) {
        if (waiting_++ == 0) { // neither the process nor the collector may end before the promises
            bridge_->function().Ref(env_);
            Ref();
        }
        worker_->post(std::move(task), urgent);
        return promise;
    }

    /** Throws once closed. */
    void checkOpen() {
        if (!worker_) throw errorValue(env_, CoreError("connection-lost", "the core is closed"));
    }

    /** Ids of requests without a token; tokens of the caller are even. */
    uint64_t freshId() { return (nextId_++ << 1U) | 1U; }
    static uint64_t idOf(const Napi::Value& token) { return (wholeNumber(token, "token") << 1U) + 2; }

    template <typename Answer>
    Napi::Value ask(std::function<OrLater<Answer>(Engine&)> act, typename ValuePending<Answer>::Convert convert) {
        checkOpen();
        auto pending = std::make_unique<ValuePending<Answer>>(env_, convert);
        const Napi::Promise promise = pending->deferred.Promise();
        return start(std::make_unique<ValueTask<Answer>>(freshId(), *bridge_, std::move(pending), std::move(act)),
                     promise, true);
    }

    Napi::Value hello(const Napi::CallbackInfo& /*info*/) {
        return ask<std::pair<Machine, int64_t>>(
            [](Engine& engine) {
                return std::pair{engine.machine(), engine.now()};
            },
            helloValue);
    }

    Napi::Value describe(const Napi::CallbackInfo& /*info*/) {
        checkOpen();
        worker_->watchPartitions();
        return ask<Description>([](Engine& engine) { return engine.describe(); }, descriptionValue);
    }

    Napi::Value partitions(const Napi::CallbackInfo& /*info*/) {
        return ask<PartitionList>(
            [](Engine& engine) {
                return engine.partitions().then([&](auto&& partitions) {
                    return PartitionList{std::move(partitions), engine.freeColumns()};
                });
            },
            partitionsValue);
    }

    Napi::Value open(const Napi::CallbackInfo& info) {
        const ColumnRange wanted = columns(info[0], info[1]);
        const bool allowUnknown = info[2].ToBoolean();
        return ask<std::vector<MemoryState>>(
            [wanted, allowUnknown, visit = Visit{asking(info[3])}](Engine& engine) mutable {
                return engine.open(wanted, allowUnknown, visit);
            },
            memoriesValue);
    }

    Napi::Value read(const Napi::CallbackInfo& info) {
        checkOpen();
        const Napi::Object asked = object(info[0], "request");
        ReadRequest request{columns(asked), memory(asked), {}, openTiles(asked), asking(asked.Get("asking"))};
        const Napi::Array ranges = list(asked.Get("ranges"), "ranges");
        uint64_t total = 0;
        for (uint32_t i = 0; i < ranges.Length() && i <= mostRanges; i++) {
            const Napi::Array pair = list(ranges.Get(i), "range");
            request.ranges.push_back({wholeNumber(pair.Get(0U), "offset"), wholeNumber(pair.Get(1U), "length")});
            total += std::min(request.ranges.back().length, mostReadBytes + 1);
        }
        if (request.ranges.size() > mostRanges || total > mostReadBytes) {
            throw errorValue(env_, CoreError("out-of-range", "too many ranges or bytes in one read"));
        }
        auto pending = std::make_unique<ReadPending>(env_, request.ranges);
        const Napi::Promise promise = pending->deferred.Promise();
        return start(std::make_unique<ReadTask>(idOf(info[1]), *bridge_, std::move(pending), std::move(request)),
                     promise, total <= smallRead);
    }

    Napi::Value write(const Napi::CallbackInfo& info) {
        checkOpen();
        const Napi::Object asked = object(info[0], "request");
        const Napi::Value epoch = asked.Get("epoch");
        const Napi::Value words = asked.Get("words");
        const bool wordsGood = words.IsTypedArray() &&
                               words.As<Napi::TypedArray>().TypedArrayType() == napi_uint32_array &&
                               words.As<Napi::TypedArray>().ElementLength() % 4 == 0;
        if (!wordsGood) throw Napi::TypeError::New(env_, "words is not a Uint32Array of 4 per word");
        if (!epoch.IsString()) throw Napi::TypeError::New(env_, "epoch is not text");
        const auto records = words.As<Napi::Uint32Array>();
        if (records.ElementLength() / 4 > mostWords) {
            throw errorValue(env_, CoreError("out-of-range", "too many words in one write"));
        }
        WriteRequest request{columns(asked),
                             memory(asked),
                             epoch.As<Napi::String>().Utf8Value(),
                             asked.Get("force").ToBoolean(),
                             openTiles(asked),
                             {},
                             asked.Get("besideOwner").ToBoolean()};
        for (size_t i = 0; i < records.ElementLength(); i += 4) {
            request.words.push_back({records[i], records[i + 1], records[i + 2], records[i + 3]});
        }
        auto pending = std::make_unique<WritePending>(env_);
        const Napi::Promise promise = pending->deferred.Promise();
        return start(std::make_unique<WriteTask>(idOf(info[1]), *bridge_, std::move(pending), std::move(request)),
                     promise, false);
    }

    Napi::Value status(const Napi::CallbackInfo& info) {
        checkOpen();
        const Napi::Object asked = object(info[0], "request");
        StatusRequest request{columns(asked), {}, asked.Get("detail").ToBoolean(), asking(asked.Get("asking"))};
        const Napi::Array tiles = list(asked.Get("tiles"), "tiles");
        if (tiles.Length() > mostTiles) throw errorValue(env_, CoreError("out-of-range", "too many tiles"));
        for (uint32_t i = 0; i < tiles.Length(); i++) {
            const Napi::Array pair = list(tiles.Get(i), "tile");
            request.tiles.push_back({word(pair.Get(0U), "column"), word(pair.Get(1U), "row")});
        }
        const bool few = request.tiles.size() <= fewTiles;
        auto pending = std::make_unique<StatusPending>(env_);
        const Napi::Promise promise = pending->deferred.Promise();
        return start(std::make_unique<StatusTask>(idOf(info[1]), *bridge_, std::move(pending), std::move(request)),
                     promise, few);
    }

    Napi::Value clocks(const Napi::CallbackInfo& info) {
        const ColumnRange wanted = columns(info[0], info[1]);
        const bool on = info[2].ToBoolean();
        return ask<bool>([wanted, on, visit = Visit{Asking::person, true}](
                             Engine& engine) mutable { return engine.setClocks(wanted, on, visit); },
                         [](Napi::Env env, const bool& running) -> Napi::Value {
                             Napi::Object answer = Napi::Object::New(env);
                             answer.Set("on", running);
                             return answer;
                         });
    }

    Napi::Value hold(const Napi::CallbackInfo& info) {
        checkOpen();
        HoldRequest request{columns(info[0], info[1]), info[2].ToBoolean(), mostHoldHours, holder_};
        if (!info[3].IsUndefined()) request.hours = word(info[3], "hours");
        auto pending = std::make_unique<DonePending>(env_);
        const Napi::Promise promise = pending->deferred.Promise();
        // Not urgent: it waits for another process, and reads need not.
        const uint64_t id = info[4].IsUndefined() ? freshId() : idOf(info[4]);
        return start(std::make_unique<HoldTask>(id, *bridge_, std::move(pending), std::move(request)), promise, false);
    }

    Napi::Value kernelDescriptor(const Napi::CallbackInfo& info) {
        const ColumnRange wanted = columns(info[0], info[1]);
        return ask<bool>(
            [wanted](Engine& engine) { return engine.takeKernelDescriptor(wanted).then([](Done) { return true; }); },
            [](Napi::Env env, const bool& /*done*/) -> Napi::Value { return Napi::Object::New(env); });
    }

    Napi::Value stuck(const Napi::CallbackInfo& info) {
        const char* call = worker_ ? worker_->stuckIn(stuckAfter) : nullptr;
        return Napi::String::New(info.Env(), call != nullptr ? call : "");
    }

    void cancel(const Napi::CallbackInfo& info) {
        if (worker_) worker_->cancel(idOf(info[0]));
    }

    Napi::Value close(const Napi::CallbackInfo& info) {
        worker_.reset(); // queued requests fail with `cancelled`, through the bridge
        const auto deferred = Napi::Promise::Deferred::New(info.Env());
        deferred.Resolve(info.Env().Undefined());
        return deferred.Promise();
    }

    Napi::Env env_;
    std::string holder_;
    Napi::FunctionReference onPartitions_;
    Napi::FunctionReference onTrace_;
    Napi::FunctionReference onRefusedStart_;
    std::unique_ptr<Bridge> bridge_;
    size_t waiting_ = 0;
    uint64_t nextId_ = 0;
    bool hooked_ = false;
    /** The last member, so the first one to go: its thread, which uses the others, has ended then. */
    std::unique_ptr<Worker> worker_;
};

void onMessage(Napi::Env env, Napi::Function /*callback*/, Core* core, Message* raw) {
    const std::unique_ptr<Message> message(raw);
    if (static_cast<napi_env>(env) == nullptr) {
        if (message->settled) message->settled->abandon();
        return;
    }
    const Napi::HandleScope scope(env);
    try {
        core->take(env, *message);
    } catch (const Napi::Error& error) {
        // A callback of the caller threw: that is its uncaught exception. In an environment that is being ended there
        // is no value and nobody to tell.
        if (!error.IsEmpty()) napi_fatal_exception(env, error.Value());
    }
}

Napi::Value create(const Napi::CallbackInfo& info) {
    auto* constructor = info.Env().GetInstanceData<Napi::FunctionReference>();
    return constructor->New({info[0]});
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
    env.SetInstanceData(new Napi::FunctionReference(Napi::Persistent(Core::define(env))));
    exports.Set("create", Napi::Function::New(env, create, "create"));
    exports.Set("version", Napi::String::New(env, coreVersion));
    exports.Set("protocol", Napi::Number::New(env, protocolVersion));
    return exports;
}

} // namespace

NODE_API_MODULE(tilescope, init)
