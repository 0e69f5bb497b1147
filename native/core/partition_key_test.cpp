#include "partition_key.h"

#include <doctest/doctest.h>

#include "error.h"

using namespace tilescope;

TEST_CASE("[shape-4] every partition has one key, and no other text is taken for it") {
    for (const ColumnRange columns :
         {ColumnRange{0, 1}, {6, 4}, {49, 1}, {0, array::maxColumns}, {array::maxColumns - 1, 1}}) {
        const std::string key = partitionKey(columns).text;
        CAPTURE(key);
        CHECK(columnsOfKey({key}) == columns);
        CHECK(columnsNamedBy({key}) == columns);
        for (const std::string& other :
             {key + "0000000", " " + key, key + " ", "0" + key, key + "_1", "+" + key, "-" + key}) {
            CAPTURE(other);
            CHECK_FALSE(columnsOfKey({other}));
            CHECK_THROWS_AS(columnsNamedBy({other}), CoreError);
        }
    }
    for (const char* const other : {"", "_", "6", "6_", "_4", "6_0", "6_04", "6_-4", "6+4", "6_4_", "ctx1", "128_1",
                                    "0_129", "127_2", "4294967296_1", "0_4294967297", "a_b"}) {
        CAPTURE(other);
        CHECK_FALSE(columnsOfKey({other}));
        CHECK_THROWS_AS(columnsNamedBy({other}), CoreError);
    }
}
