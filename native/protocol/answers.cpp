#include "answers.h"

#include <algorithm>
#include <span>

#include "../core/partition_key.h"
#include "version.h"

namespace tilescope {
namespace {

Header partitionHeader(const PartitionState& one) {
    Header entry{{"key", partitionKey(one.entry.columns).text},
                 {"id", one.entry.id},
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

Header rows(const RowRange& range) {
    return {range.start, range.count};
}

} // namespace

std::string shortText(const std::string& text) {
    constexpr size_t most = 4096;
    if (text.size() <= most) return text;
    size_t end = most;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0U) == 0x80U) end--; // no half of a UTF-8 character
    return text.substr(0, end) + "...";
}

Header helloHeader(const Machine& machine, int64_t now) {
    return {{"protocol", protocolVersion},  {"core", coreVersion},
            {"pid", machine.pid},           {"hostName", machine.hostName},
            {"kernel", machine.kernel},     {"machine", machine.machine},
            {"pageSize", machine.pageSize}, {"bootId", machine.bootId},
            {"uid", machine.uid},           {"now", now}};
}

Header partitionsHeader(const std::vector<PartitionState>& partitions, const std::vector<ColumnRange>& free) {
    Header list = Header::array();
    for (const PartitionState& one : partitions) list.push_back(partitionHeader(one));
    Header runs = Header::array();
    for (const ColumnRange& one : free) runs.push_back({one.startCol, one.numCols});
    Header both;
    both["partitions"] = std::move(list);
    both["free"] = std::move(runs);
    return both;
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
    header.update(partitionsHeader(found.partitions, found.free));
    return header;
}

Header openedHeader(ColumnRange columns, const std::vector<MemoryState>& memories) {
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
    return {{"startCol", columns.startCol}, {"numCols", columns.numCols}, {"memories", std::move(list)}};
}

Header tileHeader(const TileStatus& tile) {
    Header header{{"col", tile.tile.col},
                  {"row", tile.tile.row},
                  {"kind", kindName(tile.kind)},
                  {"reason", static_cast<unsigned>(tile.reason)},
                  {"source", tile.fromSysfs ? "sysfs" : "registers"}};
    if (!tile.files.empty()) {
        Header files = Header::object();
        for (const auto& [name, text] : tile.files) files[name] = text;
        header["files"] = std::move(files);
    }
    return header;
}

Header haltHeader(const HaltAnswer& answer) {
    return {{"reason", static_cast<uint32_t>(answer.reason)},
            {"status", answer.status},
            {"debugStatus", answer.debugStatus},
            {"counter", answer.counter}};
}

Header recordingHeader(const RecordState& state, const RingPart& part) {
    Header header{{"epoch", state.epoch},
                  {"beganAt", state.beganAt},
                  {"at", state.at},
                  {"age", state.age},
                  {"looks", state.made},
                  {"words", state.words},
                  {"lostMoments", state.lostMoments},
                  {"lostChanges", state.lostChanges},
                  {"ringBytes", state.bytes},
                  {"hasBase", part.hasBase},
                  {"first", part.first},
                  {"next", part.next},
                  {"hasMore", part.hasMore}};
    if (state.ended) header["ended"] = errorHeader(*state.ended);
    return header;
}

Header registersHeader(const CoreRegisters& answer) {
    Header registers = Header::object();
    for (const CoreRegisters::One& one : answer.values) registers[registerName(one.name)].push_back(one.value);
    return {{"reason", static_cast<uint32_t>(answer.reason)}, {"registers", std::move(registers)}};
}

Header refusedStartHeader(const RefusedStart& refused) {
    return {{"startCol", refused.columns.startCol},
            {"numCols", refused.columns.numCols},
            {"pid", refused.pid},
            {"command", refused.command}};
}

Header errorHeader(const CoreError& error) {
    Header header{{"code", error.code()}, {"detail", shortText(error.detail())}};
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

} // namespace tilescope
