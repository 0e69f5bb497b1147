#include "geometry.h"

#include <doctest/doctest.h>
#include <random>

#include "fake_kernel.h"

using namespace tilescope;

TEST_CASE("a partition of four columns and the shim row has data and program memory from row 1 on") {
    const auto memories = aieMemories({6, 4}, 9);
    REQUIRE(memories.size() == 2);
    CHECK(memories[0] == MemoryGeometry{MemoryType::data, 6, 4, 1, 8, 0x8000, 0});
    CHECK(memories[1] == MemoryGeometry{MemoryType::program, 6, 4, 1, 8, 0x4000, 0x20000});
    CHECK(memories[0].totalBytes() == 1048576);
    CHECK(memories[0].tile(9) == Tile{7, 2});
    CHECK(aieMemories({30, 3}, 1).empty());
}

TEST_CASE("pieces of a range are complete, in order, within one tile, and bounded") {
    constexpr uint32_t seed = 20260731;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const MemoryGeometry geometry = aieMemories({0, 50}, 9)[1];
    for (int round = 0; round < 300; round++) {
        const uint64_t offset = random() % geometry.totalBytes();
        const uint64_t length = 1 + random() % std::min<uint64_t>(geometry.totalBytes() - offset, 100000);
        const uint64_t most = 1 + random() % 20000;
        uint64_t at = offset;
        while (at < offset + length) {
            const ByteRange piece = pieceAt(geometry, {offset, length}, at, most);
            REQUIRE(piece.offset == at);
            REQUIRE(piece.length >= 1);
            REQUIRE(piece.length <= most);
            REQUIRE(piece.end() <= offset + length);
            REQUIRE(geometry.tileIndex(at) == geometry.tileIndex(piece.end() - 1));
            at = piece.end();
        }
    }
}

TEST_CASE("[attach-5] each generation has its memories, in the rows of the array's shape") {
    const ArrayShape shape{38, {0, 1}, {1, 2}, {3, 8}};
    const auto ml = memoriesOf(*mapOf(Generation::aieml), shape, {4, 2});
    REQUIRE(ml.size() == 3);
    CHECK(ml[0] == MemoryGeometry{MemoryType::data, 4, 2, 3, 8, 0x10000, 0});
    CHECK(ml[1] == MemoryGeometry{MemoryType::program, 4, 2, 3, 8, 0x4000, 0x20000});
    CHECK(ml[2] == MemoryGeometry{MemoryType::memoryTile, 4, 2, 1, 2, 0x80000, 0});
    const auto ps = memoriesOf(*mapOf(Generation::aie2ps), shape, {4, 2});
    REQUIRE(ps.size() == 6);
    CHECK(ps[3] == MemoryGeometry{MemoryType::ucProgram, 4, 2, 0, 1, 0x8000, 0x80000});
    CHECK(ps[4] == MemoryGeometry{MemoryType::ucPrivateData, 4, 2, 0, 1, 0x4000, 0x88000});
    CHECK(ps[5] == MemoryGeometry{MemoryType::ucSharedData, 4, 2, 0, 1, 0x8000, 0xD0000});
    CHECK(mapOf(Generation::unknown) == nullptr);
}

TEST_CASE("[attach-5] the wire's words for generations and memory types go both ways") {
    for (const char* name : {"data", "program", "memory-tile", "uc-program", "uc-private-data", "uc-shared-data"}) {
        CHECK(memoryName(*memoryFromName(name)) == name);
    }
    CHECK_FALSE(memoryFromName("uc"));
    for (const char* name : {"aie", "aieml", "aie2ps"}) CHECK(generationName(generationFromName(name)) == name);
    CHECK(generationFromName("aie9") == Generation::unknown);
}
