/** The answers of docs/wire.md: from what the core found to headers, without `id` and `t`. Pure. */
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "../core/engine.h"
#include "../core/error.h"
#include "../core/record.h"
#include "../core/status.h"
#include "header.h"

namespace tilescope {

/** A path, a command or a sentence, cut where it is longer than any that a person reads. */
std::string shortText(const std::string& text);

/** Who and where the core is. @param now the board's clock, ms since 1970 */
Header helloHeader(const Machine& machine, int64_t now);
Header descriptionHeader(const Description& found);
/** `partitions` and `free`. */
Header partitionsHeader(const std::vector<PartitionState>& partitions, const std::vector<ColumnRange>& free);
/** What opening a partition tells: its columns and memories. */
Header openedHeader(ColumnRange columns, const std::vector<MemoryState>& memories);
/** A tile without its registers. */
Header tileHeader(const TileStatus& tile);
Header haltHeader(const HaltAnswer& answer);
/** A part of a recording, without its words. */
Header recordingHeader(const RecordState& state, const RingPart& part);
/** Words by the register's name, in the order of their numbers. */
Header registersHeader(const CoreRegisters& answer);
Header refusedStartHeader(const RefusedStart& refused);
/** Texts that no sentence needs in full length are cut, and facts are few: it always fits into a frame. */
Header errorHeader(const CoreError& error);

} // namespace tilescope
