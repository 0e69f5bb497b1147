/**
 * The requests of docs/wire.md: from a header to what the core's jobs take. Every size and kind is checked here. Throws
 * CoreError: `protocol` for what cannot be understood, `out-of-range` for what no array has, `no-partition` for a hold of
 * a partition that cannot be. Pure.
 */
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "../core/error.h"
#include "../core/find_job.h"
#include "../core/halt.h"
#include "../core/hold_job.h"
#include "../core/read_job.h"
#include "../core/record.h"
#include "../core/scan.h"
#include "../core/status_job.h"
#include "../core/survey.h"
#include "../core/write_job.h"
#include "header.h"

namespace tilescope {

/** The error of a request that cannot be understood. */
CoreError badRequest(const std::string& what);

/** A whole number of at most `most`. */
uint64_t numberIn(const Header& header, const char* key, uint64_t most);
/** Likewise; `otherwise` where the key is missing. */
uint64_t numberOr(const Header& header, const char* key, uint64_t most, uint64_t otherwise);
/** False where the key is missing. */
bool flagIn(const Header& header, const char* key);
std::string textIn(const Header& header, const char* key);
/** Columns that an array could have, of the keys `startCol` and `numCols`. */
ColumnRange columnsIn(const Header& header);
/** The key of the partition that a request is about; whether there is one, its driver says. */
PartitionKey partitionIn(const Header& header);
/** Who asks; without the key: `nobody`. */
Asking askingIn(const Header& header);

ReadRequest readRequest(const Header& header);
FindRequest findRequest(const Header& header);
/** Without its words. */
WriteRequest writeRequest(const Header& header);
/** Appends words. @param records four numbers for each: offset, seen, mask, value */
void addWords(WriteRequest& request, std::span<const uint32_t> records);
ScanRequest scanRequest(const Header& header);
RecordRequest recordRequest(const Header& header);
/** The name of a recording, which its client made: 1 to 64 of `a-z`, `0-9` and `-`. */
std::string recordingIn(const Header& header);
/** Of a watch whose header has `survey` in place of ranges. */
SurveyRequest surveyRequest(const Header& header);
StatusRequest statusRequest(const Header& header);
/** An act on one core. */
HaltRequest haltRequest(const Header& header, HaltAct act);
/** The core that a request is about. Throws `bad-request`. */
Tile tileIn(const Header& header);
/** @param program as HoldRequest has it */
HoldRequest holdRequest(const Header& header, std::string program);

} // namespace tilescope
