/** A partition as it is now, and the types and texts for it that the parts of the engine share. Pure. */
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "error.h"
#include "hold.h"
#include "lease.h"

namespace tilescope {

/** `kernel`: the search saw every process, and none has it. `hidden`: it could not see every process. */
enum class OwnerKind : uint8_t { process, kernel, hidden };

/** The wire's word. */
std::string_view ownerKindName(OwnerKind kind);

struct Owner {
    OwnerKind kind = OwnerKind::hidden;
    /** 0 unless `process`. */
    int64_t pid = 0;
    std::string command;
    /** ms since 1970 on the board's clock; 0 if unknown. */
    int64_t startedAt = 0;
    bool operator==(const Owner&) const = default;
};

/** A partition as it stands now. */
struct PartitionState {
    PartitionEntry entry;
    std::string epoch;
    /** Only a holder process is left: there is no owner. */
    std::optional<Owner> owner;
    std::optional<HolderInfo> hold;
    bool ownerGone = false;
    /** Free columns that open() was asked for, where partitions are dynamic. */
    bool picked = false;
    bool clocksOn = false;
    /** The processes to borrow from, oldest first, a holder process last. */
    std::vector<Occupant> occupants;
};

/** Columns that an array could have. Throws `out-of-range` for others: no sum of a range's numbers overflows behind it. */
ColumnRange checkedColumns(ColumnRange columns);

/** For errors: which columns. */
std::string columnsText(ColumnRange columns);
std::vector<Fact> columnFacts(ColumnRange columns);
/** The same, and whose they are. */
std::vector<Fact> ownerFacts(const PartitionState& state);

/** A key for maps: column and width. */
using Place = std::pair<uint32_t, uint32_t>;
Place placeOf(ColumnRange columns);
bool overlap(ColumnRange a, ColumnRange b);
bool inside(ColumnRange inner, ColumnRange outer);

} // namespace tilescope
