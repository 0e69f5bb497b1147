#include "targets.h"

#include <algorithm>
#include <stdexcept>

#include "../agent/deflater.h"
#include "../agent/frame.h"
#include "../agent/inflate.h"
#include "../core/driver.h"
#include "../core/error.h"
#include "../core/expression.h"
#include "../core/fake_kernel.h"
#include "../core/hold.h"
#include "../core/kernel_log.h"
#include "../core/owner.h"
#include "../core/owner_buffer.h"
#include "../core/partition_key.h"
#include "../core/slow_memory.h"
#include "../core/sysfs_status.h"
#include "../protocol/requests.h"

namespace tilescope {
namespace {

void must(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
}

std::string textOf(std::span<const uint8_t> input) {
    return {input.begin(), input.end()};
}

std::string bytesText(const std::vector<uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

std::vector<std::string> pieces(std::string_view text, char between) {
    std::vector<std::string> all;
    for (;;) {
        const size_t end = text.find(between);
        all.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return all;
        text.remove_prefix(end + 1);
    }
}

bool isPlain(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char one) { return (one >= ' ' && one <= '~') || one == '\n' || one == '\t'; });
}

/** The first byte says where the stream is cut. A frame that came out is encoded and decoded to itself. */
void takeStream(std::span<const uint8_t> input) {
    if (input.empty()) return;
    const size_t cut = std::min<size_t>(input[0], input.size() - 1);
    const auto stream = input.subspan(1);
    FrameDecoder decoder;
    try {
        for (const auto part : {stream.first(cut), stream.subspan(cut)}) {
            decoder.push(part);
            while (const auto frame = decoder.next()) {
                FrameDecoder again;
                again.push(encodeFrameHead(frame->header, frame->payload.size()));
                again.push(frame->payload);
                const auto same = again.next();
                must(same && same->payload == frame->payload, "a frame is encoded to another one");
            }
        }
    } catch (const FrameError&) {
        return; // the connection ends
    }
}

/** Runs a search in a small memory, of which a tile cannot be read, to its end. */
void takeFind(FindRequest request) {
    SlowMemory memory;
    memory.geometry.bytesPerTile = 512;
    memory.bytes.resize(memory.geometry.totalBytes());
    for (size_t i = 0; i < memory.bytes.size(); i++) memory.bytes[i] = static_cast<uint8_t>(i * i >> 3U);
    memory.closed[2] = Reason::gated;
    const uint32_t most = request.most;
    FindJob job(std::move(request));
    size_t hits = 0;
    for (size_t steps = 0; !job.step(memory).isDone(); steps++) {
        must(steps < 100'000, "a search that does not end");
        hits += job.takeHits().size() / job.hitWords();
    }
    hits += job.takeHits().size() / job.hitWords();
    must(hits <= most, "more hits than there may be");
    must(job.isFull() || job.gaveUpAt() || job.done() == job.total(), "bytes that were left out");
}

/** A header is refused, or its key names no partition, or one of columns that an array could have. */
void takeRequest(std::span<const uint8_t> input) {
    if (input.empty()) return;
    const auto header = decodeHeader(input.subspan(1));
    if (!header) return;
    const auto good = [](const PartitionKey& key) {
        const auto columns = columnsOfKey(key);
        if (!columns) return;
        must(columns->numCols != 0 && columns->startCol + columns->numCols <= 128, "columns that no array has");
        must(partitionKey(*columns) == key, "two keys of one partition");
    };
    try {
        switch (input[0] % 8) {
        case 0:
            return good(readRequest(*header).partition);
        case 1:
            return good(writeRequest(*header).partition);
        case 2:
            return good(statusRequest(*header).partition);
        case 3: {
            const ScanRequest request = scanRequest(*header);
            for (const ByteRange& one : request.ranges) must(one.length <= mostScanBytes, "a watch of too much");
            return good(request.partition);
        }
        case 4: {
            const SurveyRequest request = surveyRequest(*header);
            must(request.wordsPerTile <= mostSurveyWords, "a survey of too many words");
            return good(request.partition);
        }
        case 5: {
            const HoldRequest request = holdRequest(*header, "");
            must(request.hours >= 1 && request.hours <= mostHoldHours, "hours out of range");
            return good(partitionKey(request.columns));
        }
        case 6: {
            FindRequest request = findRequest(*header);
            good(request.where.partition);
            return takeFind(std::move(request));
        }
        default:
            return good(partitionKey(haltRequest(*header, HaltAct::breakpoints).columns));
        }
    } catch (const CoreError&) {
        return; // the request is refused
    }
}

/** Bytes one after the other; behind the last one zeros. */
class ByteReader {
  public:
    explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
    uint32_t next() {
        if (bytes_.empty()) return 0;
        const uint8_t first = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return first;
    }
    [[nodiscard]] std::span<const uint8_t> rest(size_t most) const {
        return bytes_.first(std::min(most, bytes_.size()));
    }

  private:
    std::span<const uint8_t> bytes_;
};

/** Some of the steps lead past the last one. */
ByteProgram programOf(ByteReader& reader, uint32_t classes) {
    ByteProgram program;
    const uint32_t count = 1 + reader.next() % 40;
    program.start = reader.next() % count;
    for (uint32_t i = 0; i < count; i++) {
        const auto kind = static_cast<ByteStep::Kind>(reader.next() % 3);
        const uint32_t firsts = kind == ByteStep::Kind::byte ? classes : count;
        const uint32_t first = reader.next() % (firsts + 1);
        program.steps.push_back({kind, first, reader.next() % (count + 1)});
    }
    return program;
}

/**
 * A program and bytes: a search in pieces, which keeps few bytes and does little at a time, ends soon, and finds what one
 * finds that has all bytes, up to where it gives up.
 */
void takeExpression(std::span<const uint8_t> input) {
    ByteReader reader(input);
    const uint64_t window = reader.next();
    const size_t pieceBytes = 1 + reader.next();
    const int64_t pieceWork = 1 + 4 * reader.next();
    const size_t room = 1 + reader.next();
    ExpressionPattern pattern;
    pattern.classes.resize(1 + reader.next() % 4);
    for (ByteClass& one : pattern.classes) {
        const uint32_t first = reader.next();
        for (uint32_t byte = first, last = reader.next(); byte <= last; byte++) one.set(byte);
    }
    const auto classes = static_cast<uint32_t>(pattern.classes.size());
    pattern.forwards = programOf(reader, classes);
    pattern.backwards = programOf(reader, classes);
    const auto bytes = reader.rest(400);
    // Nothing is gone over more often than once for each hit, there and back.
    const size_t mostCalls = 2 * (bytes.size() + 1) * (bytes.size() + 2) + 8;
    const auto search = [&](uint64_t kept, size_t piece, int64_t work, std::vector<uint32_t>& hits) {
        ExpressionSearch one(pattern, bytes.size(), kept);
        one.begin(0);
        size_t end = 0;
        for (size_t calls = 0; calls < mostCalls; calls++) {
            const uint64_t from = one.keepFrom();
            must(from <= end, "bytes that were not searched are not kept");
            // Bytes of its own: what lies before and behind them is no one's.
            const std::vector<uint8_t> here(bytes.begin() + static_cast<ptrdiff_t>(from),
                                            bytes.begin() + static_cast<ptrdiff_t>(end));
            int64_t left = work;
            const auto outcome = one.search(here, from, end == bytes.size(), hits, room, left);
            if (outcome == ExpressionSearch::Outcome::gaveUp) return one.begun();
            if (outcome == ExpressionSearch::Outcome::spent) continue;
            if (end == bytes.size()) return uint64_t{bytes.size()};
            end = std::min(bytes.size(), end + piece);
        }
        throw std::logic_error("a search that does not end");
    };
    try {
        std::vector<uint32_t> all;
        must(search(bytes.size(), bytes.size() + 1, 1 << 20, all) == bytes.size(), "it gave up with all bytes");
        std::vector<uint32_t> some;
        const uint64_t searched = search(window, pieceBytes, pieceWork, some);
        must(some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin()), "it found other hits");
        must(searched < bytes.size() || some.size() == all.size(), "it left hits out");
        uint64_t before = 0;
        for (size_t i = 0; i < some.size(); i += 2) {
            must(some[i] >= before && some[i + 1] > 0, "hits that overlap");
            before = uint64_t{some[i]} + some[i + 1];
        }
        must(before <= searched, "a hit behind what was searched");
    } catch (const CoreError&) {
        return; // a step that leads nowhere
    }
}

void takeProcess(std::span<const uint8_t> input) {
    const std::string text = textOf(input);
    static_cast<void>(startTicksOfStat(text));
    static_cast<void>(bufferInfoOf(text));
    static_cast<void>(isBufferLink(text));
    for (const auto& columns : {partitionOfLink(text), columnsOfName(text, "aiepart_")}) {
        must(!columns || columns->numCols != 0, "a partition without columns");
    }
    if (const auto facts = parseHold(pieces(text, '\0'))) {
        must(parseHold(holdArguments(*facts)) == facts, "a hold is said in another way than it is read");
    }
}

void takeMaps(std::span<const uint8_t> input) {
    static FakeKernel kernel;
    FakeKernel::Process process;
    process.maps = pieces(textOf(input), '\n');
    kernel.processes[500] = std::move(process);
    for (const Occupant& one : processesMapping(kernel, {6, 4}, FakeKernel::selfPid)) {
        must(one.pid == 500 && one.fd == -1, "a mapping of nobody");
    }
}

void takeLog(std::span<const uint8_t> input) {
    static_cast<void>(refusedPartition(textOf(input)));
}

/** sysfs and the device tree, one property after the other, zeros between. */
void takeDriver(std::span<const uint8_t> input) {
    static FakeKernel kernel;
    const std::string tree = "/sys/firmware/devicetree/base";
    const std::string node = tree + "/ai-engine@0";
    kernel.folders[tree] = {"ai-engine@0"};
    kernel.sysfs = {"aie0", "aieaperture_0_6"};
    auto texts = pieces(textOf(input), '|');
    texts.resize(6);
    const std::string names[] = {"/sys/class/aie/aieaperture_0_6/hardware_info",
                                 node + "/compatible",
                                 node + "/xlnx,aie-gen",
                                 node + "/xlnx,shim-rows",
                                 node + "/xlnx,mem-rows",
                                 node + "/xlnx,core-rows"};
    for (size_t i = 0; i < texts.size(); i++) kernel.texts[names[i]] = texts[i];
    std::vector<std::string> findings;
    const DriverFacts facts = probeDriver(kernel, "/dev/aie0", findings);
    for (const std::string& one : findings) must(isPlain(one), "a finding that is no plain text");
    if (facts.shape) must(facts.shape->numCols <= 128 && facts.shape->numRows() <= 256, "an array that nobody has");
}

void takeAttribute(std::span<const uint8_t> input) {
    static FakeKernel kernel;
    const std::string folder = "/sys/class/aie/aiepart_6_4/6_1/";
    auto texts = pieces(textOf(input), '|');
    texts.resize(3);
    const std::string names[] = {"core", "dma", "bd"};
    for (size_t i = 0; i < texts.size(); i++) kernel.texts[folder + names[i]] = texts[i];
    const auto found = readTileAttributes(kernel, {6, 4}, {6, 1}, TileKind::core, true);
    if (!found) return;
    size_t bytes = 0;
    for (const auto& [name, text] : found->files) {
        must(isPlain(text), "an attribute that is no plain text");
        bytes += text.size();
    }
    must(bytes <= mostAttributeBytes, "attributes that fit into no frame");
}

/** The first two bytes say how much the rest may be, deflated. What comes out is inflated to what went in. */
void takePayload(std::span<const uint8_t> input) {
    constexpr size_t about = 2;
    if (input.size() <= about) return;
    const size_t most = size_t{input[0]} | size_t{input[1]} << 8U;
    const auto bytes = input.subspan(about);
    static Deflater deflater;
    const auto deflated = deflater.deflated(bytes, most);
    if (!deflated) return;
    must(deflated->size() <= most, "more than it may");
    const auto whole = inflated(*deflated, bytes.size());
    must(whole && std::equal(whole->begin(), whole->end(), bytes.begin(), bytes.end()), "deflated to other bytes");
}

std::string requestSeed(char which, const Header& header) {
    return which + bytesText(Header::to_msgpack(header));
}

/** Of `takeExpression`. */
std::vector<std::string> expressionSeeds() {
    // Keeps 9 bytes; 5 bytes and some work at a time; two classes: a, any.
    const std::string how("\x09\x05\x20\x03\x01"
                          "aa\x00\xFF",
                          9);
    // From any byte: a+, and a (.* a)?
    const std::string some("\x04\x04"
                           "\x00\x00\x00"
                           "\x01\x00\x02"
                           "\x02\x01\x00"
                           "\x01\x01\x04"
                           "\x02\x01\x03",
                           17);
    const std::string longer("\x07\x07"
                             "\x00\x00\x00"
                             "\x01\x00\x02"
                             "\x02\x03\x00"
                             "\x02\x04\x05"
                             "\x01\x01\x03"
                             "\x01\x00\x00"
                             "\x01\x01\x07"
                             "\x02\x01\x06",
                             26);
    const std::string back("\x02\x01"
                           "\x00\x00\x00"
                           "\x01\x00\x02"
                           "\x02\x01\x00",
                           11);
    const std::string bytes = "xaaxaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaxxxxxxxxaxxxxxxxxxxxxxxxxxxxxa";
    return {how + some + back + bytes, how + longer + back + bytes};
}

std::vector<FuzzTarget> makeTargets() {
    const Header place{{"id", 7}, {"partition", "6_4"}, {"memory", "data"}, {"openTiles", {1, 2}}};
    const auto with = [&](const Header& more) {
        Header header = place;
        header.update(more);
        return header;
    };
    const Header read = with({{"op", "read"}, {"ranges", {{0, 64}, {4096, 128}}}, {"asking", "look"}});
    std::string stream = "\x10" + bytesText(encodeFrameHead(read, 5)) + "bytes";
    stream += bytesText(encodeFrameHead({{"id", 8}, {"op", "ping"}}, 0));
    const std::string hardware =
        "generation: aieml\ntotal_cols: 38\ntotal_rows: 11\nshim_tile: start row: 0, num_rows: 1\n"
        "memory_tile: start row: 1, num_rows: 2\naie_tile: start row: 3, num_rows: 8\n";
    const std::string zero(1, '\0');
    const HoldFacts hold{{"6_4"}, 1000, 2000, 500, 77};
    std::string arguments;
    for (const std::string& one : holdArguments(hold)) arguments += (arguments.empty() ? "" : zero) + one;
    return {
        {"stream", takeStream, {stream}},
        {"payload", takePayload, {"\xff\xff" + std::string(300, 'a') + hardware, "\x10" + zero + hardware}},
        {"request",
         takeRequest,
         {requestSeed(0, read), requestSeed(1, with({{"epoch", "boot/1@2.0"}, {"force", false}, {"more", true}})),
          requestSeed(2, with({{"tiles", {{6, 1}, {9, 0}}}, {"detail", true}})),
          requestSeed(3, with({{"ranges", {{0, 64}}}, {"periodMs", 100}, {"wordsPerSecond", 5000}})),
          requestSeed(4, with({{"survey", 64}, {"periodMs", 1000}, {"wordsPerSecond", 5000}})),
          requestSeed(5, with({{"on", true}, {"hours", 8}})),
          requestSeed(6, with({{"ranges", {{0, 64}}}, {"values", "a400"}, {"masks", "fff0"}, {"most", 100}})),
          requestSeed(6, with({{"ranges", {{0, 64}}},
                               {"numberBytes", 4},
                               {"bigEndian", false},
                               {"align", 4},
                               {"tests", {{true, {0, 1, 0, 2}}}},
                               {"most", 100}})),
          // Bytes 0 to 7, two and more.
          requestSeed(6, with({{"ranges", {{0, 4096}}},
                               {"classes", Header::array({"ff" + std::string(62, '0'), std::string(64, 'f')})},
                               {"forwards", {4, 0, 0, 0, 1, 0, 2, 2, 1, 0, 1, 1, 4, 2, 1, 3}},
                               {"backwards", {1, 0, 0, 0, 1, 0, 2, 2, 1, 0}},
                               {"most", 100}}))}},
        {"expression", takeExpression, expressionSeeds()},
        {"process",
         takeProcess,
         {"500 (a ) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 77 0 0\n", "anon_inode:aiepart_6_4",
          "aiepart_6_4", "/dmabuf:", "pos:\t0\nflags:\t02\nsize:\t1048576\ncount:\t2\nexp_name:\txilinx_aie\n",
          arguments}},
        {"maps",
         takeMaps,
         {"7f1200000000-7f1200001000 rw-s 00000000 00:0e 1044 anon_inode:aiepart_6_4\n"
          "7f1200001000-7f1200002000 r--p 00000000 08:01 99 /lib/libc.so.6 (deleted)\n"}},
        {"log",
         takeLog,
         {"3,512,99,-;aie aie0: partition 1 is already requested\n",
          "3,1,2,-;aieaperture: partition in use: partition 5"}},
        {"driver",
         takeDriver,
         {hardware + "|xlnx,ai-engine-v2.0|\x02|" + zero + "\x01|\x01\x02|\x03\x08",
          "|xlnx,ai-engine-v1.0|" + zero + zero + zero + "\x01|" + zero + "\x01||\x01\x08"}},
        {"attribute",
         takeAttribute,
         {"enable|channel_status: mm2s: idle, s2mm: running|bd0: base_address: 0x1000", "clock_gated|a|b"}},
    };
}

} // namespace

const std::vector<FuzzTarget>& fuzzTargets() {
    static const std::vector<FuzzTarget> targets = makeTargets();
    return targets;
}

} // namespace tilescope
