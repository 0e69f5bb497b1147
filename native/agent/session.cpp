#include "session.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "../core/hold_job.h"
#include "../core/read_job.h"
#include "../core/status_job.h"
#include "version.h"

namespace tilescope {
namespace {

constexpr uint64_t smallRead = 16384;
/** Tiles of a status request that overtakes bulk. */
constexpr size_t fewTiles = 16;
constexpr size_t mostOpenRequests = 256;
constexpr size_t arenaBytes = size_t{1} << 20U;

CoreError badRequest(const std::string& what) {
    return {"protocol", what};
}

uint64_t number(const Header& header, const char* key, uint64_t most) {
    const auto place = header.find(key);
    if (place == header.end() || !place->is_number_unsigned() || place->get<uint64_t>() > most) {
        throw badRequest(std::string(key) + " is missing or out of range");
    }
    return place->get<uint64_t>();
}

uint64_t numberOr(const Header& header, const char* key, uint64_t most, uint64_t otherwise) {
    return header.contains(key) ? number(header, key, most) : otherwise;
}

uint32_t word(const Header& header, const char* key) {
    return static_cast<uint32_t>(number(header, key, std::numeric_limits<uint32_t>::max()));
}

bool flag(const Header& header, const char* key) {
    const auto place = header.find(key);
    if (place == header.end()) return false;
    if (!place->is_boolean()) throw badRequest(std::string(key) + " is not true or false");
    return place->get<bool>();
}

std::string text(const Header& header, const char* key) {
    const auto place = header.find(key);
    if (place == header.end() || !place->is_string()) throw badRequest(std::string(key) + " is missing");
    return place->get<std::string>();
}

/** A path, a command or a sentence, cut where it is longer than any that a person reads. */
std::string shortText(const std::string& text) {
    constexpr size_t most = 4096;
    if (text.size() <= most) return text;
    size_t end = most;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0U) == 0x80U) end--; // no half of a UTF-8 character
    return text.substr(0, end) + "...";
}

ColumnRange columns(const Header& header) {
    return checkedColumns({word(header, "startCol"), word(header, "numCols")});
}

MemoryType memory(const Header& header) {
    const std::string name = text(header, "memory");
    const auto type = memoryFromName(name);
    if (!type) throw CoreError("out-of-range", "no memory type " + name.substr(0, 40));
    return *type;
}

std::vector<uint32_t> openTiles(const Header& header) {
    std::vector<uint32_t> tiles;
    const auto place = header.find("openTiles");
    if (place == header.end() || place->is_null()) return tiles;
    if (!place->is_array()) throw badRequest("openTiles is not a list");
    for (const Header& one : *place) {
        if (!one.is_number_unsigned() || one.get<uint64_t>() > std::numeric_limits<uint32_t>::max()) {
            throw badRequest("openTiles holds something else than tile numbers");
        }
        tiles.push_back(one.get<uint32_t>());
    }
    return tiles;
}

/** Who asks; what nobody says is asked by nobody. */
Asking asking(const Header& header) {
    if (!header.contains("asking")) return Asking::nobody;
    const auto found = askingFromName(text(header, "asking"));
    if (!found) throw badRequest("asking is none of its words");
    return *found;
}

ReadRequest readRequest(const Header& header) {
    ReadRequest request{columns(header), memory(header), {}, openTiles(header), asking(header)};
    const auto ranges = header.find("ranges");
    if (ranges == header.end() || !ranges->is_array()) throw badRequest("ranges is missing");
    for (const Header& one : *ranges) {
        if (!one.is_array() || one.size() != 2 || !one[0].is_number_unsigned() || !one[1].is_number_unsigned()) {
            throw badRequest("ranges holds something else than [offset, length]");
        }
        request.ranges.push_back({one[0].get<uint64_t>(), one[1].get<uint64_t>()});
    }
    return request;
}

uint32_t readWord(std::span<const uint8_t> at) {
    return uint32_t{at[0]} | uint32_t{at[1]} << 8U | uint32_t{at[2]} << 16U | uint32_t{at[3]} << 24U;
}

void putWord(std::vector<uint8_t>& out, uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

Header partitionHeader(const PartitionState& one) {
    Header entry{{"id", one.entry.id},
                 {"startCol", one.entry.columns.startCol},
                 {"numCols", one.entry.columns.numCols},
                 {"startRow", one.entry.startRow},
                 {"numRows", one.entry.numRows},
                 {"inUse", one.entry.inUse},
                 {"epoch", one.epoch}};
    if (one.owner) {
        entry["owner"] = {{"pid", one.owner->pid},
                          {"command", one.owner->command},
                          {"startedAt", one.owner->startedAt},
                          {"kind", ownerKindName(one.owner->kind)}};
    }
    if (one.hold) {
        entry["hold"] = {
            {"pid", one.hold->process.pid}, {"since", one.hold->facts.since}, {"until", one.hold->facts.until}};
    }
    entry["ownerGone"] = one.ownerGone;
    entry["picked"] = one.picked;
    entry["clocksOn"] = one.clocksOn;
    return entry;
}

Header partitionList(const std::vector<PartitionState>& partitions) {
    Header list = Header::array();
    for (const PartitionState& one : partitions) list.push_back(partitionHeader(one));
    return list;
}

Header freeList(const std::vector<ColumnRange>& free) {
    Header list = Header::array();
    for (const ColumnRange& one : free) list.push_back({one.startCol, one.numCols});
    return list;
}

Header memoryList(const std::vector<MemoryState>& memories) {
    Header list = Header::array();
    for (const MemoryState& one : memories) {
        const MemoryGeometry& geometry = one.geometry;
        list.push_back({{"type", memoryName(geometry.type)},
                        {"startCol", geometry.startCol},
                        {"numCols", geometry.numCols},
                        {"startRow", geometry.startRow},
                        {"numRows", geometry.numRows},
                        {"bytesPerTile", geometry.bytesPerTile},
                        {"tileBase", geometry.tileBase},
                        {"writable", one.writable}});
    }
    return list;
}

Header rows(const RowRange& range) {
    return {range.start, range.count};
}

Header descriptionHeader(const Description& found) {
    Header header{{"device", found.device},
                  {"family", familyName(found.family)},
                  {"generation", generationName(found.generation)}};
    if (found.array) {
        const ArrayShape& shape = *found.array;
        header["array"] = {{"numCols", shape.numCols},
                           {"shim", rows(shape.shim)},
                           {"memory", rows(shape.memory)},
                           {"core", rows(shape.core)}};
    }
    header["findings"] = found.findings;
    header["partitions"] = partitionList(found.partitions);
    header["free"] = freeList(found.free);
    return header;
}

Header okHeader(uint64_t id) {
    return {{"id", id}, {"t", "ok"}};
}

/** The last frame of a read, a write or a look at status: whose life it was, and when. */
template <typename Job> Header endHeader(uint64_t id, const Job& job) {
    return {{"id", id}, {"t", "ok"}, {"epoch", job.epoch()}, {"at", job.at()}};
}

/** A request that is answered by one frame. */
class AnswerTask final : public Task {
  public:
    using Act = std::function<OrLater<Header>(Engine&)>;
    AnswerTask(uint64_t id, FrameWriter& writer, Act act, std::function<void()> after)
        : Task(id), writer_(writer), act_(std::move(act)), after_(std::move(after)) {}
    Progress step(Engine& engine) override {
        const auto answer = act_(engine);
        if (!answer) return answer.later();
        header_ = okHeader(id());
        header_.update(*answer);
        return Progress::done();
    }
    void deliver(bool /*finished*/) override {
        writer_.send(header_);
        if (after_) after_();
    }
    void fail(const CoreError& error) noexcept override { writer_.sendError(id(), error); }

  private:
    FrameWriter& writer_;
    Act act_;
    std::function<void()> after_;
    Header header_;
};

class ReadTask final : public Task, private ReadSink {
  public:
    /** @param pace of a long read; null: somebody waits for it, and it goes out at once */
    ReadTask(uint64_t id, FrameWriter& writer, std::vector<uint8_t>& arena, ReadRequest request, Pace* pace)
        : Task(id), writer_(writer), arena_(arena), pace_(pace), job_(std::move(request)) {}

    bool waits() override { return pace_ != nullptr && pace_->room() == 0; }

    Progress step(Engine& engine) override {
        constexpr size_t line = 16;
        used_ = 0;
        most_ = pace_ == nullptr ? arena_.size() : std::min(arena_.size(), pace_->room() / line * line);
        return job_.step(engine, *this);
    }

    void deliver(bool finished) override {
        const auto begun = std::chrono::steady_clock::now();
        size_t bytes = 0;
        for (const Piece& piece : pieces_) {
            for (size_t at = 0; at < piece.length; at += mostPayloadBytes) {
                const size_t length = std::min(piece.length - at, mostPayloadBytes);
                bytes += writer_.add({{"id", id()}, {"t", "data"}, {"offset", piece.offset + at}},
                                     std::span<const uint8_t>(arena_).subspan(piece.start + at, length));
            }
        }
        pieces_.clear();
        constexpr size_t recordBytes = 12;
        constexpr size_t mostRecords = mostPayloadBytes / recordBytes;
        for (size_t first = 0; first < spans_.size(); first += mostRecords) {
            std::vector<uint8_t> records;
            for (size_t i = first; i < std::min(spans_.size(), first + mostRecords); i++) {
                putWord(records, static_cast<uint32_t>(spans_[i].offset));
                putWord(records, static_cast<uint32_t>(spans_[i].length));
                putWord(records, static_cast<uint32_t>(spans_[i].reason));
            }
            bytes += writer_.add({{"id", id()}, {"t", "spans"}}, records);
        }
        spans_.clear();
        const auto mark = pace_ != nullptr && bytes != 0 ? pace_->sent(bytes, begun) : std::nullopt;
        if (mark) writer_.add({{"id", 0}, {"t", "mark"}, {"mark", *mark}});
        if (finished) {
            Header end = endHeader(id(), job_);
            if (job_.gaveWay()) end["gaveWay"] = true;
            writer_.add(end);
        }
        writer_.flush();
    }

    void fail(const CoreError& error) noexcept override { writer_.sendError(id(), error); }

  private:
    /** A run of bytes in the arena. */
    struct Piece {
        size_t range = 0;
        uint64_t offset = 0;
        size_t start = 0;
        size_t length = 0;
    };

    std::span<uint8_t> room(size_t range, uint64_t /*at*/, uint64_t offset, uint64_t length) override {
        used_ = (used_ + 3) / 4 * 4; // whole words then go straight in
        const size_t free = most_ - std::min(most_, used_);
        const size_t given = std::min<uint64_t>(length, free);
        next_ = {range, offset, used_, 0};
        return std::span(arena_).subspan(std::min(arena_.size(), used_), given);
    }

    void filled(uint64_t length) override {
        used_ = next_.start + length;
        if (!pieces_.empty()) {
            Piece& last = pieces_.back();
            const bool joins = last.range == next_.range && last.offset + last.length == next_.offset &&
                               last.start + last.length == next_.start;
            if (joins) {
                last.length += length;
                return;
            }
        }
        next_.length = length;
        pieces_.push_back(next_);
    }

    void unreadable(const Span& span) override {
        if (!spans_.empty()) {
            Span& last = spans_.back();
            if (last.reason == span.reason && last.offset + last.length == span.offset) {
                last.length += span.length;
                return;
            }
        }
        spans_.push_back(span);
    }

    FrameWriter& writer_;
    std::vector<uint8_t>& arena_;
    Pace* pace_;
    ReadJob job_;
    /** Bytes of the arena that this step may use, and those it has used. */
    size_t most_ = 0;
    size_t used_ = 0;
    Piece next_;
    std::vector<Piece> pieces_;
    std::vector<Span> spans_;
};

class WriteTask final : public Task {
  public:
    WriteTask(uint64_t id, FrameWriter& writer, WriteRequest request)
        : Task(id), writer_(writer), job_(std::move(request)) {}

    Progress step(Engine& engine) override { return job_.step(engine, outcomes_); }

    void deliver(bool finished) override {
        constexpr size_t mostRecords = mostPayloadBytes / 12;
        for (size_t first = 0; first < outcomes_.size(); first += mostRecords) {
            std::vector<uint8_t> records;
            for (size_t i = first; i < std::min(outcomes_.size(), first + mostRecords); i++) {
                const WordOutcome& one = outcomes_[i];
                putWord(records, one.offset);
                putWord(records, static_cast<uint32_t>(one.outcome) | static_cast<uint32_t>(one.reason) << 8U);
                putWord(records, one.now);
            }
            writer_.add({{"id", id()}, {"t", "outcomes"}}, records);
        }
        outcomes_.clear();
        if (finished) writer_.add(endHeader(id(), job_));
        writer_.flush();
    }

    void fail(const CoreError& error) noexcept override { writer_.sendError(id(), error); }

  private:
    FrameWriter& writer_;
    WriteJob job_;
    std::vector<WordOutcome> outcomes_;
};

class StatusTask final : public Task {
  public:
    StatusTask(uint64_t id, FrameWriter& writer, StatusRequest request)
        : Task(id), writer_(writer), job_(std::move(request)) {}

    Progress step(Engine& engine) override { return job_.step(engine, tiles_); }

    void deliver(bool finished) override {
        for (const TileStatus& one : tiles_) {
            Header header{{"id", id()},
                          {"t", "tile"},
                          {"col", one.tile.col},
                          {"row", one.tile.row},
                          {"kind", kindName(one.kind)},
                          {"reason", static_cast<unsigned>(one.reason)},
                          {"source", one.fromSysfs ? "sysfs" : "registers"}};
            if (!one.files.empty()) {
                Header files = Header::object();
                for (const auto& [name, text] : one.files) files[name] = text;
                header["files"] = std::move(files);
            }
            std::vector<uint8_t> records;
            for (const auto& [offset, value] : one.registers) {
                putWord(records, offset);
                putWord(records, value);
            }
            writer_.send(header, records);
        }
        tiles_.clear();
        if (finished) writer_.add(endHeader(id(), job_));
        writer_.flush();
    }

    void fail(const CoreError& error) noexcept override { writer_.sendError(id(), error); }

  private:
    FrameWriter& writer_;
    StatusJob job_;
    std::vector<TileStatus> tiles_;
};

class HoldTask final : public Task {
  public:
    HoldTask(uint64_t id, FrameWriter& writer, HoldRequest request)
        : Task(id), writer_(writer), job_(std::move(request), process_) {}
    Progress step(Engine& engine) override { return job_.step(engine); }
    void deliver(bool finished) override {
        if (finished) writer_.send(okHeader(id()));
    }
    void fail(const CoreError& error) noexcept override { writer_.sendError(id(), error); }

  private:
    FrameWriter& writer_;
    LinuxHoldProcess process_;
    HoldJob job_;
};

StatusRequest statusRequest(const Header& header) {
    StatusRequest request{columns(header), {}, flag(header, "detail"), asking(header)};
    const auto tiles = header.find("tiles");
    if (tiles == header.end() || !tiles->is_array()) throw badRequest("tiles is missing");
    const auto isPlace = [](const Header& one) {
        return one.is_number_unsigned() && one.get<uint64_t>() <= std::numeric_limits<uint32_t>::max();
    };
    for (const Header& one : *tiles) {
        if (!one.is_array() || one.size() != 2 || !isPlace(one[0]) || !isPlace(one[1])) {
            throw badRequest("tiles holds something else than [column, row]");
        }
        request.tiles.push_back({one[0].get<uint32_t>(), one[1].get<uint32_t>()});
    }
    return request;
}

} // namespace

Header errorHeader(uint64_t id, const CoreError& error) {
    Header header{{"id", id}, {"t", "error"}, {"code", error.code()}, {"detail", shortText(error.detail())}};
    if (error.errnum() != 0) header["errno"] = error.errnum();
    constexpr size_t mostFacts = 12;
    if (!error.facts().empty()) {
        Header facts = Header::object();
        for (const auto& [name, value] : std::span(error.facts()).first(std::min(error.facts().size(), mostFacts))) {
            if (const auto* text = std::get_if<std::string>(&value)) {
                facts[name] = shortText(*text);
            } else {
                facts[name] = std::get<int64_t>(value);
            }
        }
        header["facts"] = std::move(facts);
    }
    return header;
}

void FrameWriter::send(const Header& header, std::span<const uint8_t> payload) {
    const std::vector<uint8_t> packed = Header::to_msgpack(header);
    const std::lock_guard lock(mutex_);
    appendFrameHead(waiting_, packed, payload.size());
    write_(waiting_, payload);
    waiting_.clear();
}

size_t FrameWriter::add(const Header& header, std::span<const uint8_t> payload) {
    constexpr size_t small = 16384;
    const std::vector<uint8_t> packed = Header::to_msgpack(header);
    const std::lock_guard lock(mutex_);
    const size_t before = waiting_.size();
    appendFrameHead(waiting_, packed, payload.size());
    const size_t bytes = waiting_.size() - before + payload.size();
    if (waiting_.size() + payload.size() <= small) {
        waiting_.insert(waiting_.end(), payload.begin(), payload.end());
        return bytes;
    }
    write_(waiting_, payload);
    waiting_.clear();
    return bytes;
}

void FrameWriter::flush() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    write_(waiting_, {});
    waiting_.clear();
}

void FrameWriter::sendSoon(const Header& header) {
    const std::vector<uint8_t> head = encodeFrameHead(header, 0);
    const std::unique_lock lock(mutex_, std::chrono::seconds(1));
    if (lock.owns_lock()) write_(head, {});
}

void FrameWriter::sendTrace(const std::vector<std::string>& lines) {
    constexpr size_t mostBytes = mostHeaderBytes / 2;
    for (size_t next = 0; next < lines.size();) {
        Header frame = Header::array();
        for (size_t bytes = 0; next < lines.size() && bytes < mostBytes; next++) {
            std::string line = shortText(lines[next]);
            bytes += line.size();
            frame.push_back(std::move(line));
        }
        send({{"id", 0}, {"t", "trace"}, {"lines", std::move(frame)}});
    }
}

void FrameWriter::sendError(uint64_t id, const CoreError& error) noexcept {
    try {
        send(errorHeader(id, error));
    } catch (const std::exception& failure) {
        fprintf(stderr, "the error of request %llu could not be sent: %s\n", static_cast<unsigned long long>(id),
                failure.what());
    }
}

void Pace::begin() {
    const std::lock_guard lock(mutex_);
    window_.emplace();
}

size_t Pace::room() {
    const std::lock_guard lock(mutex_);
    return window_ ? window_->room(std::chrono::steady_clock::now()) : std::numeric_limits<size_t>::max();
}

std::optional<uint64_t> Pace::sent(size_t bytes, SendWindow::Time at) {
    const std::lock_guard lock(mutex_);
    return window_ ? window_->sent(bytes, at) : std::nullopt;
}

void Pace::received(uint64_t mark) {
    const std::lock_guard lock(mutex_);
    if (window_) window_->received(mark, std::chrono::steady_clock::now());
}

void Session::answer(uint64_t id, std::function<OrLater<Header>(Engine&)> act) {
    worker_->post(std::make_unique<AnswerTask>(id, writer_, std::move(act), nullptr), true);
}

void Session::hello(uint64_t id, const Header& header) {
    const uint64_t theirs = number(header, "protocol", std::numeric_limits<uint32_t>::max());
    if (theirs != protocolVersion) {
        throw CoreError("agent-version", "the client speaks protocol " + std::to_string(theirs), 0,
                        {{"have", int64_t{protocolVersion}}});
    }
    constexpr uint64_t longest = 24ULL * 3600 * 1000;
    heartbeat_ = std::chrono::milliseconds(numberOr(header, "heartbeatMs", longest, 15000));
    exitAfter_ = std::chrono::milliseconds(numberOr(header, "exitMs", longest, 60000));
    const std::string device = header.contains("device") ? text(header, "device") : "/dev/aie0";
    if (flag(header, "marks")) pace_.begin();
    arena_.resize(arenaBytes);
    worker_ = std::make_unique<Worker>(
        device,
        Worker::Hooks{[this](const std::vector<PartitionState>& partitions, const std::vector<ColumnRange>& free) {
                          writer_.send({{"id", 0},
                                        {"t", "partitions"},
                                        {"partitions", partitionList(partitions)},
                                        {"free", freeList(free)}});
                      },
                      [this](const std::vector<std::string>& lines) { writer_.sendTrace(lines); },
                      [this](const std::vector<RefusedStart>& refused) {
                          for (const RefusedStart& one : refused) {
                              writer_.send({{"id", 0},
                                            {"t", "start-refused"},
                                            {"startCol", one.columns.startCol},
                                            {"numCols", one.columns.numCols},
                                            {"pid", one.pid},
                                            {"command", one.command}});
                          }
                      },
                      [](const std::string& text) { fprintf(stderr, "%s\n", text.c_str()); }});
    worker_->setTracing(flag(header, "trace"));
    answer(id, [](Engine& engine) {
        const Machine& machine = engine.machine();
        return Header{{"protocol", protocolVersion},  {"core", coreVersion},      {"pid", machine.pid},
                      {"hostName", machine.hostName}, {"kernel", machine.kernel}, {"machine", machine.machine},
                      {"pageSize", machine.pageSize}, {"bootId", machine.bootId}, {"uid", machine.uid},
                      {"now", engine.now()}};
    });
}

void Session::receive(const Frame& frame) {
    const Header& header = frame.header;
    const auto id = header.find("id");
    const auto op = header.find("op");
    constexpr uint64_t largestId = (1ULL << 53U) - 1;
    const bool named = id != header.end() && id->is_number_unsigned() && id->get<uint64_t>() >= 1 &&
                       id->get<uint64_t>() <= largestId && op != header.end() && op->is_string();
    if (!named) throw FrameError("a request without id or op");
    const auto number = id->get<uint64_t>();
    try {
        dispatch(number, op->get<std::string>(), frame);
    } catch (const CoreError& error) {
        refuse(number, error);
    }
}

void Session::refuse(uint64_t id, const CoreError& error) {
    if (!worker_) return writer_.sendError(id, error);
    // Through the worker: this thread must never wait for a client that does not read.
    answer(id, [error](Engine&) -> OrLater<Header> { throw error; });
}

void Session::dispatch(uint64_t id, const std::string& op, const Frame& frame) {
    const Header& header = frame.header;
    if (!worker_) {
        if (op != "hello") throw FrameError("the first request is not hello");
        hello(id, header);
        return;
    }
    if (op == "received") {
        pace_.received(number(header, "mark", std::numeric_limits<int64_t>::max()));
        worker_->wake();
        return;
    }
    const bool dropped = op == "write" && std::find(dropped_.begin(), dropped_.end(), id) != dropped_.end();
    if (!incoming_.contains(id) && !dropped && worker_->has(id)) throw FrameError("the id is in use");
    const size_t unfinished = incoming_.size() - incoming_.count(id);
    if (worker_->size() + unfinished >= mostOpenRequests) throw FrameError("too many open requests");
    if (op == "hello") throw badRequest("hello again");
    if (op == "ping") return answer(id, [](Engine&) { return Header::object(); });
    if (op == "trace") {
        worker_->setTracing(flag(header, "on"));
        return answer(id, [](Engine&) { return Header::object(); });
    }
    if (op == "cancel") {
        const uint64_t target = number(header, "target", std::numeric_limits<int64_t>::max());
        if (incoming_.contains(target)) {
            drop(target);
            refuse(target, CoreError("cancelled", "cancelled"));
        }
        worker_->cancel(target);
        return answer(id, [](Engine&) { return Header::object(); });
    }
    if (op == "describe") {
        worker_->watchPartitions();
        return answer(id, [](Engine& engine) { return engine.describe().then(descriptionHeader); });
    }
    if (op == "partitions") {
        return answer(id, [](Engine& engine) {
            return engine.partitions().then([&](const auto& partitions) {
                return Header{{"partitions", partitionList(partitions)}, {"free", freeList(engine.freeColumns())}};
            });
        });
    }
    if (op == "open") {
        const ColumnRange wanted = columns(header);
        const bool allowUnknown = flag(header, "allowUnknown");
        return answer(id, [wanted, allowUnknown, visit = Visit{asking(header)}](Engine& engine) mutable {
            return engine.open(wanted, allowUnknown, visit).then([](const auto& memories) {
                return Header{{"memories", memoryList(memories)}};
            });
        });
    }
    if (op == "read") {
        ReadRequest request = readRequest(header);
        uint64_t total = 0;
        for (const ByteRange& range : request.ranges) {
            total += std::min<uint64_t>(range.length, smallRead + 1);
        }
        const bool isSmall = total <= smallRead;
        auto task = std::make_unique<ReadTask>(id, writer_, arena_, std::move(request), isSmall ? nullptr : &pace_);
        worker_->post(std::move(task), isSmall);
        return;
    }
    if (op == "write") return receiveWrite(id, frame);
    if (op == "status") {
        StatusRequest request = statusRequest(header);
        const bool few = request.tiles.size() <= fewTiles;
        worker_->post(std::make_unique<StatusTask>(id, writer_, std::move(request)), few);
        return;
    }
    if (op == "hold") {
        HoldRequest request{columns(header), flag(header, "on"), 0, "/proc/self/exe"};
        request.hours = static_cast<int64_t>(numberOr(header, "hours", mostHoldHours, mostHoldHours));
        if (request.hours == 0) throw badRequest("hours is missing or out of range");
        // Not urgent: it waits for another process, and reads need not.
        worker_->post(std::make_unique<HoldTask>(id, writer_, std::move(request)), false);
        return;
    }
    if (op == "clocks") {
        const ColumnRange wanted = columns(header);
        const bool on = flag(header, "on");
        return answer(id, [wanted, on, visit = Visit{Asking::person, true}](Engine& engine) mutable {
            return engine.setClocks(wanted, on, visit).then([](bool running) { return Header{{"on", running}}; });
        });
    }
    if (op == "kernel-descriptor") {
        const ColumnRange wanted = columns(header);
        return answer(id, [wanted](Engine& engine) {
            return engine.takeKernelDescriptor(wanted).then([](Done) { return Header::object(); });
        });
    }
    if (op == "bye") {
        worker_->post(std::make_unique<AnswerTask>(
                          id, writer_, [](Engine&) { return Header::object(); },
                          [this] {
                              ended_ = true;
                              wake_();
                          }),
                      true);
        return;
    }
    throw badRequest("no operation " + op.substr(0, 40));
}

void Session::drop(uint64_t id) {
    // A client stops sending a write that failed, so most of these numbers never come again.
    constexpr size_t mostDropped = 1024;
    incoming_.erase(id);
    dropped_.push_back(id);
    if (dropped_.size() > mostDropped) dropped_.pop_front();
}

void Session::receiveWrite(uint64_t id, const Frame& frame) {
    constexpr size_t recordBytes = 16;
    const Header& header = frame.header;
    const auto dropped = std::find(dropped_.begin(), dropped_.end(), id);
    bool more = true; // until it is known: what cannot be understood says nothing of an end
    try {
        more = flag(header, "more");
        if (dropped != dropped_.end()) {
            if (!more) dropped_.erase(dropped);
            return;
        }
        WriteRequest& request = incoming_.try_emplace(id).first->second;
        if (request.epoch.empty()) {
            request.columns = columns(header);
            request.memory = memory(header);
            request.epoch = text(header, "epoch");
            request.force = flag(header, "force");
            request.besideOwner = flag(header, "besideOwner");
            request.openTiles = openTiles(header);
        }
        if (frame.payload.size() % recordBytes != 0) throw badRequest("the payload is not whole records");
        const size_t count = frame.payload.size() / recordBytes;
        if (request.words.size() + count > mostWords) {
            throw CoreError("out-of-range", "more than " + std::to_string(mostWords) + " words in one write");
        }
        for (size_t i = 0; i < count; i++) {
            const auto record = std::span(frame.payload).subspan(i * recordBytes, recordBytes);
            request.words.push_back({readWord(record), readWord(record.subspan(4)), readWord(record.subspan(8)),
                                     readWord(record.subspan(12))});
        }
    } catch (const CoreError&) {
        if (dropped != dropped_.end()) return; // answered already
        if (more) {
            drop(id);
        } else {
            incoming_.erase(id);
        }
        throw;
    }
    if (more) return;
    WriteRequest request = std::move(incoming_.at(id));
    incoming_.erase(id);
    worker_->post(std::make_unique<WriteTask>(id, writer_, std::move(request)), false);
}

void Session::setSilent(bool silent) {
    if (!worker_) return;
    while (silent && !incoming_.empty()) {
        const uint64_t id = incoming_.begin()->first;
        drop(id);
        refuse(id, CoreError("timeout", "nothing was heard from the client"));
    }
    worker_->setSilent(silent);
}

void Session::sayStuck() {
    const char* call = worker_ ? worker_->stuckIn(stuckAfter) : nullptr;
    if (call == nullptr && !saidStuck_) return;
    // Said again and again while it lasts: the client hears that the connection is well.
    const auto now = std::chrono::steady_clock::now();
    if (call != nullptr && saidStuck_ && now - *saidStuck_ < stuckAfter) return;
    saidStuck_ = call != nullptr ? std::optional(now) : std::nullopt;
    writer_.sendSoon({{"id", 0}, {"t", "stuck"}, {"call", call != nullptr ? call : ""}});
}

void Session::freeze() {
    if (worker_) worker_->freeze(std::chrono::seconds(2));
}

} // namespace tilescope
