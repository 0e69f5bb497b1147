/**
 * The native core in process, for Node and VS Code's extension host. Node-API only. Names and meanings are those of
 * docs/wire.md; requests are objects with the header's keys, answers objects with those of the `ok` frame.
 *   create({device, holder?, onPartitions?, onTrace?, onRefusedStart?}): `holder` is the path of an agent's executable for this machine,
 *     which a hold runs (`tilescope-agent hold ...`); without it `hold` fails. onPartitions({partitions, free}),
 *     onTrace(line), onRefusedStart({startCol, numCols, pid, command}).
 *   hello(), describe(), partitions(), pick(startCol, numCols), open(partition, allowUnknown, asking?)
 *   read({partition, memory, ranges, openTiles?, asking?}, token): {bytes: [Uint8Array], spans: Uint32Array, epoch,
 *     at, gaveWay}
 *   find({partition, memory, ranges, openTiles?, asking?, most, and values and masks, or numberBytes, bigEndian, align and tests},
 *     token): {hits: Uint32Array, spans: Uint32Array, epoch, at, gaveWay?, full?}
 *   write({..., epoch, force, besideOwner?, words: Uint32Array}, token): {outcomes: Uint32Array, epoch, at}
 *   status({partition, tiles: [[col, row]], detail?, asking?, goesOn?}, token): {tiles: [{col, row, kind, reason, source, files?,
 *     registers: Uint32Array of records offset, value}], epoch, at, waitMs}
 *   clocks(partition, on): {on}; hold(partition, on, hours?, token?): {};
 *   kernelDescriptor(partition): {}
 *   watch({partition, memory, ranges (or survey), periodMs, wordsPerSecond}, token, onUpdate): rejects when it ends; calls
 *     onUpdate({blocks: [Uint8Array], epoch?, at, words}), and again after seen(token); changeWatch(request, token): other ranges
 *     or another pace
 *   stuck(): the name of the driver's call that does not come back, or nothing
 *   cancel(token), close()
 * Every call but stuck and cancel answers with a promise; a rejection is an Error with `code`, `errno` and `facts`. That of
 * close() is there once nothing of the device is open any more: never, as long as a call of the driver hangs.
 * Threads: the JavaScript thread makes requests and owns every array; one worker thread per core touches the device
 * and fills them; results come back through one thread-safe function. After close() a thread that nobody waits for ends
 * the worker.
 */
#include <napi.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "../core/linux_kernel.h"
#include "../core/new_memory.h"
#include "../protocol/answers.h"
#include "../protocol/service.h"
#include "version.h"

namespace {

using namespace tilescope;

constexpr uint64_t mostReadBytes = uint64_t{512} << 20U;

/**
 * A value of the caller as a header's. Whole numbers stay whole; members that are undefined, and memory (typed arrays),
 * are left out. Throws a TypeError for what nests deeper than any request.
 */
Header toHeader(const Napi::Value& value, unsigned depth = 0) {
    constexpr unsigned mostDepth = 8;
    constexpr double mostWhole = 9007199254740991.0;
    if (depth > mostDepth) throw Napi::TypeError::New(value.Env(), "the request is nested too deep");
    if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
    if (value.IsString()) return value.As<Napi::String>().Utf8Value();
    if (value.IsNumber()) {
        const double plain = value.As<Napi::Number>().DoubleValue();
        const bool whole =
            plain >= 0 && plain <= mostWhole && plain == static_cast<double>(static_cast<uint64_t>(plain));
        return whole ? Header(static_cast<uint64_t>(plain)) : Header(plain);
    }
    if (value.IsArray()) {
        const Napi::Array all = value.As<Napi::Array>();
        Header list = Header::array();
        for (uint32_t i = 0; i < all.Length(); i++) list.push_back(toHeader(all.Get(i), depth + 1));
        return list;
    }
    if (!value.IsObject()) return nullptr;
    const Napi::Object map = value.As<Napi::Object>();
    const Napi::Array names = map.GetPropertyNames();
    Header header = Header::object();
    for (uint32_t i = 0; i < names.Length(); i++) {
        const Napi::Value member = map.Get(names.Get(i));
        if (member.IsUndefined() || member.IsTypedArray()) continue;
        header[names.Get(i).ToString().Utf8Value()] = toHeader(member, depth + 1);
    }
    return header;
}

/** A header's value for the caller. */
Napi::Value toValue(Napi::Env env, const Header& header) {
    if (header.is_boolean()) return Napi::Boolean::New(env, header.get<bool>());
    if (header.is_number()) return Napi::Number::New(env, header.get<double>());
    if (header.is_string()) return Napi::String::New(env, header.get_ref<const std::string&>());
    if (header.is_array()) {
        Napi::Array list = Napi::Array::New(env, header.size());
        for (uint32_t i = 0; i < header.size(); i++) list.Set(i, toValue(env, header[i]));
        return list;
    }
    if (!header.is_object()) return env.Null();
    Napi::Object map = Napi::Object::New(env);
    for (const auto& [key, value] : header.items()) map.Set(key, toValue(env, value));
    return map;
}

Napi::Uint32Array toWords(Napi::Env env, const std::vector<uint32_t>& words) {
    Napi::Uint32Array array = Napi::Uint32Array::New(env, words.size());
    std::copy(words.begin(), words.end(), array.Data());
    return array;
}

Napi::Error errorValue(Napi::Env env, const CoreError& error) {
    const Header header = errorHeader(error);
    Napi::Error made = Napi::Error::New(env, header["detail"].get<std::string>());
    made.Set("code", toValue(env, header["code"]));
    made.Set("errno", Napi::Number::New(env, error.errnum()));
    made.Set("facts", toValue(env, header.value("facts", Header::object())));
    return made;
}

/** What a request's answer has beside its header. */
enum class Extra : uint8_t { nothing, bytes, hits, outcomes, entries, tiles };

/** A promise under way, and what is known of its answer. Made and settled on the JavaScript thread. */
class Pending {
  public:
    Pending(Napi::Env env, Extra extra) : deferred(Napi::Promise::Deferred::New(env)), extra_(extra) {}
    /** Makes the arrays that the worker fills, and keeps them. */
    void makeArrays(Napi::Env env, const std::vector<ByteRange>& ranges) {
        Napi::Array list = Napi::Array::New(env, ranges.size());
        for (size_t i = 0; i < ranges.size(); i++) {
            Napi::Uint8Array bytes = Napi::Uint8Array::New(env, ranges[i].length);
            memory.add({bytes.Data(), ranges[i].length});
            list.Set(static_cast<uint32_t>(i), bytes);
        }
        arrays_ = Napi::Persistent(list.As<Napi::Object>());
    }
    /** What the promise resolves with. */
    Napi::Value result(Napi::Env env) {
        Napi::Object value = toValue(env, answer).As<Napi::Object>();
        if (extra_ == Extra::bytes) {
            value.Set("bytes", arrays_.Value());
            value.Set("spans", toWords(env, words));
        }
        if (extra_ == Extra::hits) {
            value.Set("hits", toWords(env, hits));
            value.Set("spans", toWords(env, words));
        }
        if (extra_ == Extra::outcomes) value.Set("outcomes", toWords(env, words));
        if (extra_ == Extra::entries) value.Set("entries", toWords(env, words));
        if (extra_ == Extra::tiles) {
            Napi::Array list = Napi::Array::New(env, tiles.size());
            for (uint32_t i = 0; i < tiles.size(); i++) {
                Napi::Object tile = toValue(env, tiles[i].header).As<Napi::Object>();
                tile.Set("registers", toWords(env, tiles[i].words));
                list.Set(i, tile);
            }
            value.Set("tiles", list);
        }
        return value;
    }
    /** The environment is ending: its references must no longer be deleted. */
    void abandon() { arrays_.SuppressDestruct(); }

    /** Of a watch: its number. */
    std::optional<uint64_t> watch;
    Napi::Promise::Deferred deferred;
    Header answer = Header::object();
    /** The arrays of a read. */
    NewMemory memory;
    /** Records of spans or outcomes, or entries of a recording. */
    std::vector<uint32_t> words;
    std::vector<uint32_t> hits;
    std::vector<Part> tiles;

  private:
    Extra extra_;
    Napi::ObjectReference arrays_;
};

/** What a watch found. */
struct Update {
    uint64_t watch = 0;
    Header about;
    std::vector<std::vector<uint8_t>> blocks;
};

class Core;
struct Message;
void onMessage(Napi::Env env, Napi::Function callback, Core* core, Message* raw);

/** A message from the worker to the JavaScript thread. */
struct Message {
    std::unique_ptr<Pending> settled = nullptr;
    std::optional<CoreError> error = std::nullopt;
    std::optional<Header> partitions = std::nullopt;
    std::optional<Header> refusedStart = std::nullopt;
    std::vector<std::string> lines = {};
    std::optional<Update> update = std::nullopt;
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
    bool isOpen() {
        const std::lock_guard lock(mutex_);
        return open_;
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
class PromiseReply final : public Reply {
  public:
    PromiseReply(Napi::Env env, std::shared_ptr<Bridge> bridge, std::unique_ptr<Pending> pending)
        : env_(env), bridge_(std::move(bridge)), pending_(std::move(pending)) {}
    void expect(const ReadRequest& request, bool /*overtakes*/) override {
        uint64_t total = 0;
        for (const ByteRange& range : request.ranges) total += std::min(range.length, mostReadBytes + 1);
        if (request.ranges.size() > mostRanges || total > mostReadBytes) {
            throw CoreError("out-of-range", "too many ranges or bytes in one read");
        }
        pending_->makeArrays(env_, request.ranges);
    }
    void isLong() override {}
    bool waits() override { return false; }
    void makeReady() override { pending_->memory.makeReady(); }
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t /*offset*/, uint64_t length) override {
        // The arrays go with the environment, for which a call that hangs is not waited for.
        if (!bridge_->isOpen()) throw CoreError("cancelled", "the connection ended");
        return pending_->memory.room(range, at, length);
    }
    void filled(uint64_t /*length*/) override {}
    void handOut() override {}
    void part(const Part& part) override {
        if (part.kind == "tile") {
            pending_->tiles.push_back(part);
            return;
        }
        std::vector<uint32_t>& words = part.kind == "hits" ? pending_->hits : pending_->words;
        words.insert(words.end(), part.words.begin(), part.words.end());
    }
    void update(const Header& about, const WatchJob& found) override {
        constexpr size_t mostBlock = size_t{1} << 20U;
        bridge_->send({.update = Update{*pending_->watch, about, found.pack(mostBlock)}});
    }
    void flush() override {}
    void end(const Header& answer) override {
        pending_->answer = answer;
        bridge_->send({.settled = std::move(pending_)});
    }
    void fail(const CoreError& error) noexcept override {
        bridge_->send({.settled = std::move(pending_), .error = error});
    }

  private:
    Napi::Env env_;
    std::shared_ptr<Bridge> bridge_;
    std::unique_ptr<Pending> pending_;
};

uint64_t tokenNumber(const Napi::Value& token) {
    constexpr double most = 4503599627370495.0;
    const double plain = token.IsNumber() ? token.As<Napi::Number>().DoubleValue() : -1;
    if (!(plain >= 0 && plain <= most)) throw Napi::TypeError::New(token.Env(), "token is not a number");
    return static_cast<uint64_t>(plain);
}

/** A service on this machine's kernel. What the kernel opened is closed with it. */
struct Device {
    Device(std::string holderProgram, std::string device, Service::Notices notices)
        : service({kernel, holdProcess, std::move(holderProgram)}, std::move(device), std::move(notices)) {}
    LinuxKernel kernel;
    LinuxHoldProcess holdProcess;
    /** The last member: its thread has ended before the kernel goes. */
    Service service;
};

/** One core: what create() returns. */
class Core final : public Napi::ObjectWrap<Core> {
  public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "Core",
                           {InstanceMethod<&Core::hello>("hello"),
                            InstanceMethod<&Core::describe>("describe"),
                            InstanceMethod<&Core::partitions>("partitions"),
                            InstanceMethod<&Core::pick>("pick"),
                            InstanceMethod<&Core::open>("open"),
                            InstanceMethod<&Core::read>("read"),
                            InstanceMethod<&Core::find>("find"),
                            InstanceMethod<&Core::write>("write"),
                            InstanceMethod<&Core::status>("status"),
                            InstanceMethod<&Core::clocks>("clocks"),
                            InstanceMethod<&Core::hold>("hold"),
                            InstanceMethod<&Core::kernelDescriptor>("kernelDescriptor"),
                            InstanceMethod<&Core::watch>("watch"),
                            InstanceMethod<&Core::changeWatch>("changeWatch"),
                            InstanceMethod<&Core::record>("record"),
                            InstanceMethod<&Core::recording>("recording"),
                            InstanceMethod<&Core::endRecording>("endRecording"),
                            InstanceMethod<&Core::seen>("seen"),
                            InstanceMethod<&Core::stuck>("stuck"),
                            InstanceMethod<&Core::cancel>("cancel"),
                            InstanceMethod<&Core::close>("close")});
    }

    explicit Core(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Core>(info), env_(info.Env()) {
        if (!info[0].IsObject()) throw Napi::TypeError::New(env_, "options is not an object");
        const Napi::Object options = info[0].As<Napi::Object>();
        const Napi::Value device = options.Get("device");
        if (!device.IsString()) throw Napi::TypeError::New(env_, "device is not text");
        onPartitions_ = functionIn(options, "onPartitions");
        onTrace_ = functionIn(options, "onTrace");
        onRefusedStart_ = functionIn(options, "onRefusedStart");
        const Napi::Value holder = options.Get("holder");
        bridge_ = std::make_shared<Bridge>(Bridge::Function::New(env_, "tilescope", 0, 1, this));
        bridge_->function().Unref(env_);
        device_ = std::make_unique<Device>(
            holder.IsString() ? holder.As<Napi::String>().Utf8Value() : "", device.As<Napi::String>().Utf8Value(),
            Service::Notices{
                [bridge = bridge_](const Header& list) { bridge->send({.partitions = list}); },
                [bridge = bridge_](const std::vector<std::string>& lines) { bridge->send({.lines = lines}); },
                [bridge = bridge_](const Header& refused) { bridge->send({.refusedStart = refused}); },
                [bridge = bridge_](const std::string& text) { bridge->send({.lines = {text}}); }});
        device_->service.worker().setTracing(!onTrace_.IsEmpty());
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
        if (message.update) tell(env, *message.update);
        if (message.partitions && !onPartitions_.IsEmpty() && device_) {
            onPartitions_.Call({toValue(env, *message.partitions)});
        }
        if (message.refusedStart && !onRefusedStart_.IsEmpty()) {
            onRefusedStart_.Call({toValue(env, *message.refusedStart)});
        }
        if (onTrace_.IsEmpty()) return;
        for (const std::string& line : message.lines) onTrace_.Call({Napi::String::New(env, line)});
    }

  private:
    static Napi::FunctionReference functionIn(const Napi::Object& options, const char* name) {
        const Napi::Value value = options.Get(name);
        return value.IsFunction() ? Napi::Persistent(value.As<Napi::Function>()) : Napi::FunctionReference();
    }

    void tell(Napi::Env env, const Update& update) {
        const auto found = onUpdate_.find(update.watch);
        if (found == onUpdate_.end() || !device_) return;
        Napi::Array blocks = Napi::Array::New(env, update.blocks.size());
        for (uint32_t i = 0; i < update.blocks.size(); i++) {
            const auto& block = update.blocks[i];
            Napi::Uint8Array bytes = Napi::Uint8Array::New(env, block.size());
            std::copy(block.begin(), block.end(), bytes.Data());
            blocks.Set(i, bytes);
        }
        Napi::Object told = toValue(env, update.about).As<Napi::Object>();
        told.Set("blocks", blocks);
        found->second.Call({told});
    }

    void settle(Napi::Env env, Pending& pending, const std::optional<CoreError>& error) {
        if (pending.watch) onUpdate_.erase(*pending.watch);
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

    /** Ends the thread after its current slice, and the bridge after it; one in a call that hangs is not waited for. */
    void stop() {
        if (device_ && device_->service.worker().stuckIn(stuckAfter) != nullptr) letGo([] {});
        device_.reset();
        if (ended_.valid()) ended_.wait_for(std::chrono::seconds(1));
        ended_ = {};
        if (bridge_) bridge_->close();
    }

    /**
     * Has a thread of its own end the device, and do something then: a call of the driver may hang, and this thread must
     * not wait for it. Queued requests fail with `cancelled`, through the bridge.
     */
    template <typename Then> void letGo(Then then) {
        std::promise<void> ended;
        ended_ = ended.get_future();
        std::thread([device = std::move(device_), ended = std::move(ended), then = std::move(then)]() mutable {
            device.reset();
            then();
            ended.set_value();
        }).detach();
    }

    /** Ids of requests without a token; those with one are even. */
    uint64_t freshId() { return (nextId_++ << 1U) | 1U; }
    static uint64_t idOf(const Napi::Value& token) { return (tokenNumber(token) << 1U) + 2; }

    /** Starts a request; `start` hands it to the service. Throws what makes it no request, and once closed. */
    template <typename Start>
    Napi::Value ask(Extra extra, const Start& start, std::optional<uint64_t> watch = std::nullopt) {
        try {
            if (!device_) throw CoreError("connection-lost", "the core is closed");
            auto pending = std::make_unique<Pending>(env_, extra);
            pending->watch = watch;
            const Napi::Promise promise = pending->deferred.Promise();
            start(std::make_unique<PromiseReply>(env_, bridge_, std::move(pending)));
            keepForOneMore();
            return promise;
        } catch (const CoreError& error) {
            throw errorValue(env_, error);
        }
    }

    /** Neither the process nor the collector may end before a promise. */
    void keepForOneMore() {
        if (waiting_++ != 0) return;
        bridge_->function().Ref(env_);
        Ref();
    }

    Napi::Value ask(const char* op, const Header& header, uint64_t id, Extra extra = Extra::nothing) {
        return ask(extra,
                   [&](std::unique_ptr<Reply> reply) { device_->service.request(id, op, header, std::move(reply)); });
    }

    /** A request whose keys are the arguments, in this order; one that is not given is not set. */
    Napi::Value askWith(const char* op, const Napi::CallbackInfo& info, const std::vector<const char*>& keys,
                        uint64_t id) {
        Header header = Header::object();
        for (size_t i = 0; i < keys.size(); i++) {
            if (!info[i].IsUndefined()) header[keys[i]] = toHeader(info[i]);
        }
        return ask(op, header, id);
    }

    Napi::Value hello(const Napi::CallbackInfo& /*info*/) { return ask("hello", Header::object(), freshId()); }
    Napi::Value describe(const Napi::CallbackInfo& /*info*/) { return ask("describe", Header::object(), freshId()); }
    Napi::Value partitions(const Napi::CallbackInfo& /*info*/) {
        return ask("partitions", Header::object(), freshId());
    }
    Napi::Value pick(const Napi::CallbackInfo& info) {
        return askWith("pick", info, {"startCol", "numCols"}, freshId());
    }
    Napi::Value open(const Napi::CallbackInfo& info) {
        return askWith("open", info, {"partition", "allowUnknown", "asking"}, freshId());
    }
    Napi::Value read(const Napi::CallbackInfo& info) {
        return ask("read", toHeader(info[0]), idOf(info[1]), Extra::bytes);
    }
    Napi::Value find(const Napi::CallbackInfo& info) {
        return ask("find", toHeader(info[0]), idOf(info[1]), Extra::hits);
    }
    Napi::Value status(const Napi::CallbackInfo& info) {
        return ask("status", toHeader(info[0]), idOf(info[1]), Extra::tiles);
    }
    Napi::Value record(const Napi::CallbackInfo& info) { return ask("record", toHeader(info[0]), freshId()); }
    Napi::Value recording(const Napi::CallbackInfo& info) {
        return ask("recording", toHeader(info[0]), idOf(info[1]), Extra::entries);
    }
    Napi::Value endRecording(const Napi::CallbackInfo& info) {
        return askWith("end-recording", info, {"recording", "forget"}, freshId());
    }
    Napi::Value clocks(const Napi::CallbackInfo& info) {
        return askWith("clocks", info, {"partition", "on"}, freshId());
    }
    Napi::Value hold(const Napi::CallbackInfo& info) {
        return askWith("hold", info, {"partition", "on", "hours"}, info[3].IsUndefined() ? freshId() : idOf(info[3]));
    }
    Napi::Value kernelDescriptor(const Napi::CallbackInfo& info) {
        return askWith("kernel-descriptor", info, {"partition"}, freshId());
    }

    Napi::Value write(const Napi::CallbackInfo& info) {
        const uint64_t id = idOf(info[1]);
        return ask(Extra::outcomes, [&](std::unique_ptr<Reply> reply) {
            WriteRequest request = writeRequest(toHeader(info[0]));
            const Napi::Value words = info[0].As<Napi::Object>().Get("words");
            const bool good =
                words.IsTypedArray() && words.As<Napi::TypedArray>().TypedArrayType() == napi_uint32_array;
            if (!good) throw badRequest("words is not a Uint32Array");
            const auto records = words.As<Napi::Uint32Array>();
            addWords(request, {records.Data(), records.ElementLength()});
            device_->service.write(id, std::move(request), std::move(reply));
        });
    }

    Napi::Value watch(const Napi::CallbackInfo& info) {
        const uint64_t id = idOf(info[1]);
        if (!info[2].IsFunction()) throw Napi::TypeError::New(env_, "onUpdate is not a function");
        const Napi::Value promise = ask(
            Extra::nothing,
            [&](std::unique_ptr<Reply> reply) {
                device_->service.request(id, "watch", toHeader(info[0]), std::move(reply));
            },
            id);
        // Updates come on this thread, so none came yet.
        onUpdate_[id] = Napi::Persistent(info[2].As<Napi::Function>());
        return promise;
    }

    void changeWatch(const Napi::CallbackInfo& info) {
        if (!device_) return;
        try {
            device_->service.change(idOf(info[1]), toHeader(info[0]));
        } catch (const CoreError& error) {
            throw errorValue(env_, error);
        }
    }

    void seen(const Napi::CallbackInfo& info) {
        if (device_) device_->service.seen(idOf(info[0]));
    }

    Napi::Value stuck(const Napi::CallbackInfo& info) {
        const char* call = device_ ? device_->service.worker().stuckIn(stuckAfter) : nullptr;
        return Napi::String::New(info.Env(), call != nullptr ? call : "");
    }

    void cancel(const Napi::CallbackInfo& info) {
        if (device_) device_->service.worker().cancel(idOf(info[0]));
    }

    Napi::Value close(const Napi::CallbackInfo& info) {
        auto pending = std::make_unique<Pending>(info.Env(), Extra::nothing);
        const Napi::Promise promise = pending->deferred.Promise();
        if (!device_) {
            pending->deferred.Resolve(info.Env().Undefined());
            return promise;
        }
        keepForOneMore();
        letGo([reply = std::make_unique<PromiseReply>(env_, bridge_, std::move(pending))] {
            reply->end(Header::object());
        });
        return promise;
    }

    Napi::Env env_;
    Napi::FunctionReference onPartitions_;
    Napi::FunctionReference onTrace_;
    Napi::FunctionReference onRefusedStart_;
    /** Whom a watch tells, by its number. */
    std::map<uint64_t, Napi::FunctionReference> onUpdate_;
    std::shared_ptr<Bridge> bridge_;
    /** Once the device is let go: when it has ended. */
    std::future<void> ended_;
    size_t waiting_ = 0;
    uint64_t nextId_ = 0;
    bool hooked_ = false;
    /** Until close(). */
    std::unique_ptr<Device> device_;
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
