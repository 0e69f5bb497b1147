#include "sysfs_status.h"

#include <algorithm>

namespace tilescope {
namespace {

constexpr size_t mostTextBytes = 16384;

std::string partitionFolder(ColumnRange columns) {
    return "/sys/class/aie/aiepart_" + std::to_string(columns.startCol) + "_" + std::to_string(columns.numCols);
}

bool isTileFolder(const std::string& name) {
    const size_t cut = name.find('_');
    const auto digits = [&](size_t from, size_t to) {
        return from < to && std::all_of(name.begin() + static_cast<std::ptrdiff_t>(from),
                                        name.begin() + static_cast<std::ptrdiff_t>(to),
                                        [](char one) { return one >= '0' && one <= '9'; });
    };
    return cut != std::string::npos && digits(0, cut) && digits(cut + 1, name.size());
}

/** Hostile text made safe to travel as UTF-8. */
std::string plain(std::string text) {
    if (text.size() > mostTextBytes) text.resize(mostTextBytes);
    std::replace_if(
        text.begin(), text.end(), [](char one) { return (one < ' ' && one != '\n' && one != '\t') || one > '~'; }, '?');
    return text;
}

} // namespace

bool hasTileAttributes(Kernel& kernel, ColumnRange columns) {
    int error = 0;
    const auto names = kernel.list(partitionFolder(columns), error);
    return std::any_of(names.begin(), names.end(), isTileFolder);
}

std::optional<TileAttributes> readTileAttributes(Kernel& kernel, ColumnRange columns, Tile tile, TileKind kind,
                                                 bool detail) {
    struct Attribute {
        const char* name;
        bool detail;
    };
    // The largest last: it is the one to leave out where all together are too long.
    constexpr Attribute attributes[] = {{"core", false}, {"dma", false},  {"lock", false},
                                        {"error", true}, {"event", true}, {"bd", true}};
    const std::string folder =
        partitionFolder(columns) + "/" + std::to_string(tile.col) + "_" + std::to_string(tile.row) + "/";
    TileAttributes found;
    size_t bytes = 0;
    for (const Attribute& attribute : attributes) {
        if (attribute.detail && !detail) continue;
        const std::string name = attribute.name;
        if (name == "core" && kind != TileKind::core) continue;
        auto text = kernel.readText(folder + name);
        if (!text) continue;
        *text = plain(std::move(*text));
        if (text->find("clock_gated") != std::string::npos) found.gated = true;
        bytes += text->size();
        if (bytes > mostAttributeBytes) break;
        found.files.emplace_back(name, std::move(*text));
    }
    if (found.files.empty()) return std::nullopt;
    return found;
}

} // namespace tilescope
