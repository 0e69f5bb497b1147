#include "requests.h"

#include <algorithm>
#include <limits>

#include "../core/partition_key.h"

namespace tilescope {
namespace {

bool isWord(const Header& value) {
    return value.is_number_unsigned() && value.get<uint64_t>() <= std::numeric_limits<uint32_t>::max();
}

uint32_t wordIn(const Header& header, const char* key) {
    return static_cast<uint32_t>(numberIn(header, key, std::numeric_limits<uint32_t>::max()));
}

const Header& listIn(const Header& header, const char* key) {
    const auto place = header.find(key);
    if (place == header.end() || !place->is_array()) throw badRequest(std::string(key) + " is missing");
    return *place;
}

MemoryType memoryIn(const Header& header) {
    const std::string name = textIn(header, "memory");
    const auto type = memoryFromName(name);
    if (!type) throw CoreError("out-of-range", "no memory type " + name.substr(0, 40));
    return *type;
}

std::vector<ByteRange> rangesIn(const Header& header) {
    std::vector<ByteRange> ranges;
    for (const Header& one : listIn(header, "ranges")) {
        if (!one.is_array() || one.size() != 2 || !one[0].is_number_unsigned() || !one[1].is_number_unsigned()) {
            throw badRequest("ranges holds something else than [offset, length]");
        }
        ranges.push_back({one[0].get<uint64_t>(), one[1].get<uint64_t>()});
    }
    return ranges;
}

WatchRequest watchRequest(const Header& header) {
    return {partitionIn(header), memoryIn(header), std::chrono::milliseconds(wordIn(header, "periodMs")),
            wordIn(header, "wordsPerSecond")};
}

std::vector<uint32_t> openTilesIn(const Header& header) {
    std::vector<uint32_t> tiles;
    const auto place = header.find("openTiles");
    if (place == header.end() || place->is_null()) return tiles;
    if (!place->is_array()) throw badRequest("openTiles is not a list");
    for (const Header& one : *place) {
        if (!isWord(one)) throw badRequest("openTiles holds something else than tile numbers");
        tiles.push_back(one.get<uint32_t>());
    }
    return tiles;
}

/** Two hexadecimal digits for each byte. */
std::vector<uint8_t> hexBytesOf(const char* key, const std::string& text) {
    const auto digit = [&](char one) -> uint32_t {
        if (one >= '0' && one <= '9') return static_cast<uint32_t>(one - '0');
        if (one >= 'a' && one <= 'f') return static_cast<uint32_t>(one - 'a') + 10;
        throw badRequest(std::string(key) + " holds something else than hexadecimal digits");
    };
    if (text.size() % 2 != 0) throw badRequest(std::string(key) + " ends within a byte");
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < text.size(); i += 2) {
        bytes.push_back(static_cast<uint8_t>(digit(text[i]) << 4U | digit(text[i + 1])));
    }
    return bytes;
}

std::vector<uint8_t> hexBytesIn(const Header& header, const char* key) {
    return hexBytesOf(key, textIn(header, key));
}

/** Intervals, each as four words: its ends, the upper word first. */
std::vector<Interval> intervalsOf(const Header& list) {
    constexpr size_t wordsOfInterval = 4;
    const bool sound = list.is_array() && list.size() % wordsOfInterval == 0 && list.size() / 4 <= mostIntervals &&
                       std::all_of(list.begin(), list.end(), isWord);
    if (!sound) throw badRequest("tests holds a set that is none");
    const auto number = [&](size_t at) { return list[at].get<uint64_t>() << 32U | list[at + 1].get<uint64_t>(); };
    std::vector<Interval> set;
    for (size_t i = 0; i < list.size(); i += wordsOfInterval) set.push_back({number(i), number(i + 2)});
    return set;
}

CellPattern cellsIn(const Header& header) {
    CellPattern cells{wordIn(header, "numberBytes"), flagIn(header, "bigEndian"), wordIn(header, "align"), {}};
    for (const Header& one : listIn(header, "tests")) {
        if (!one.is_array() || one.empty() || !one[0].is_boolean() || one.size() > mostCellNumbers + 1) {
            throw badRequest("tests holds something else than [any, set, ...]");
        }
        if (cells.tests.size() == mostIntervals) throw CoreError("out-of-range", "too many cells to find");
        CellTest& test = cells.tests.emplace_back();
        test.any = one[0].get<bool>();
        for (size_t i = 1; i < one.size(); i++) test.sets.push_back(intervalsOf(one[i]));
    }
    return cells;
}

/** Bytes by their bits, as 64 hexadecimal digits: byte 0 is the lowest bit of the first two. */
std::vector<ByteClass> classesIn(const Header& header) {
    std::vector<ByteClass> classes;
    for (const Header& one : listIn(header, "classes")) {
        const std::vector<uint8_t> bits = hexBytesOf("classes", one.is_string() ? one.get<std::string>() : "");
        if (bits.size() != 32) throw badRequest("classes holds something else than 64 digits");
        if (classes.size() == mostByteClasses) throw CoreError("out-of-range", "too many classes of an expression");
        ByteClass& set = classes.emplace_back();
        for (size_t byte = 0; byte < set.size(); byte++) set.set(byte, (bits[byte / 8] >> byte % 8 & 1U) != 0);
    }
    return classes;
}

/** The first step, then three words for each step: what it is, and the two it names. */
ByteProgram programIn(const Header& header, const char* key) {
    constexpr size_t wordsOfStep = 3;
    const Header& list = listIn(header, key);
    const bool sound = list.size() % wordsOfStep == 1 && std::all_of(list.begin(), list.end(), isWord);
    if (!sound) throw badRequest(std::string(key) + " holds something else than steps");
    if (list.size() / wordsOfStep > mostProgramSteps)
        throw CoreError("out-of-range", "too many steps of an expression");
    ByteProgram program{{}, list[0].get<uint32_t>()};
    for (size_t i = 1; i < list.size(); i += wordsOfStep) {
        const auto kind = list[i].get<uint32_t>();
        if (kind > static_cast<uint32_t>(ByteStep::Kind::either)) throw badRequest(std::string(key) + " holds no step");
        program.steps.push_back(
            {static_cast<ByteStep::Kind>(kind), list[i + 1].get<uint32_t>(), list[i + 2].get<uint32_t>()});
    }
    return program;
}

} // namespace

CoreError badRequest(const std::string& what) {
    return {"protocol", what};
}

uint64_t numberIn(const Header& header, const char* key, uint64_t most) {
    const auto place = header.find(key);
    if (place == header.end() || !place->is_number_unsigned() || place->get<uint64_t>() > most) {
        throw badRequest(std::string(key) + " is missing or out of range");
    }
    return place->get<uint64_t>();
}

uint64_t numberOr(const Header& header, const char* key, uint64_t most, uint64_t otherwise) {
    return header.contains(key) ? numberIn(header, key, most) : otherwise;
}

bool flagIn(const Header& header, const char* key) {
    const auto place = header.find(key);
    if (place == header.end()) return false;
    if (!place->is_boolean()) throw badRequest(std::string(key) + " is not true or false");
    return place->get<bool>();
}

std::string textIn(const Header& header, const char* key) {
    const auto place = header.find(key);
    if (place == header.end() || !place->is_string()) throw badRequest(std::string(key) + " is missing");
    return place->get<std::string>();
}

ColumnRange columnsIn(const Header& header) {
    return checkedColumns({wordIn(header, "startCol"), wordIn(header, "numCols")});
}

PartitionKey partitionIn(const Header& header) {
    return {textIn(header, "partition")};
}

Asking askingIn(const Header& header) {
    if (!header.contains("asking")) return Asking::nobody;
    const auto found = askingFromName(textIn(header, "asking"));
    if (!found) throw badRequest("asking is none of its words");
    return *found;
}

ReadRequest readRequest(const Header& header) {
    return {partitionIn(header), memoryIn(header), rangesIn(header), openTilesIn(header), askingIn(header)};
}

FindRequest findRequest(const Header& header) {
    FindRequest request{readRequest(header), MaskedBytes{}, wordIn(header, "most")};
    if (header.contains("tests")) {
        request.pattern = cellsIn(header);
    } else if (header.contains("forwards")) {
        request.pattern =
            ExpressionPattern{classesIn(header), programIn(header, "forwards"), programIn(header, "backwards")};
    } else {
        request.pattern = MaskedBytes{hexBytesIn(header, "values"), hexBytesIn(header, "masks")};
    }
    return request;
}

ScanRequest scanRequest(const Header& header) {
    ScanRequest request{watchRequest(header), rangesIn(header)};
    checkScan(request);
    return request;
}

RecordRequest recordRequest(const Header& header) {
    RecordRequest request{{watchRequest(header), rangesIn(header)}, numberIn(header, "ringBytes", mostRingBytes)};
    checkRecord(request);
    return request;
}

std::string recordingIn(const Header& header) {
    std::string name = textIn(header, "recording");
    const bool isSound = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char one) {
        return (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9') || one == '-';
    });
    if (!isSound) throw badRequest("recording is no name of one");
    return name;
}

SurveyRequest surveyRequest(const Header& header) {
    SurveyRequest request{watchRequest(header), wordIn(header, "survey")};
    checkSurvey(request);
    return request;
}

WriteRequest writeRequest(const Header& header) {
    WriteRequest request;
    request.partition = partitionIn(header);
    request.memory = memoryIn(header);
    request.epoch = textIn(header, "epoch");
    request.force = flagIn(header, "force");
    request.besideOwner = flagIn(header, "besideOwner");
    request.openTiles = openTilesIn(header);
    return request;
}

void addWords(WriteRequest& request, std::span<const uint32_t> records) {
    constexpr size_t recordWords = 4;
    if (records.size() % recordWords != 0) throw badRequest("the words are not whole records");
    if (request.words.size() + records.size() / recordWords > mostWords) {
        throw CoreError("out-of-range", "more than " + std::to_string(mostWords) + " words in one write");
    }
    for (size_t i = 0; i < records.size(); i += recordWords) {
        request.words.push_back({records[i], records[i + 1], records[i + 2], records[i + 3]});
    }
}

StatusRequest statusRequest(const Header& header) {
    StatusRequest request{
        partitionIn(header), {}, flagIn(header, "detail"), askingIn(header), flagIn(header, "goesOn")};
    for (const Header& one : listIn(header, "tiles")) {
        if (!one.is_array() || one.size() != 2 || !isWord(one[0]) || !isWord(one[1])) {
            throw badRequest("tiles holds something else than [column, row]");
        }
        request.tiles.push_back({one[0].get<uint32_t>(), one[1].get<uint32_t>()});
    }
    return request;
}

Tile tileIn(const Header& header) {
    const Header& tile = listIn(header, "tile");
    if (tile.size() != 2 || !isWord(tile[0]) || !isWord(tile[1])) throw badRequest("tile is no [column, row]");
    return {tile[0].get<uint32_t>(), tile[1].get<uint32_t>()};
}

HaltRequest haltRequest(const Header& header, HaltAct act) {
    HaltRequest request{columnsNamedBy(partitionIn(header)), tileIn(header), act, 1, {}};
    if (act == HaltAct::step) request.count = wordIn(header, "count");
    if (act == HaltAct::breakpoints) {
        for (const Header& one : listIn(header, "counters")) {
            if (!isWord(one)) throw badRequest("counters holds something else than program counters");
            request.counters.push_back(one.get<uint32_t>());
        }
    }
    return request;
}

HoldRequest holdRequest(const Header& header, std::string program) {
    HoldRequest request{columnsNamedBy(partitionIn(header)), flagIn(header, "on"), 0, std::move(program)};
    request.hours = static_cast<int64_t>(numberOr(header, "hours", mostHoldHours, mostHoldHours));
    if (request.hours == 0) throw badRequest("hours is missing or out of range");
    return request;
}

} // namespace tilescope
