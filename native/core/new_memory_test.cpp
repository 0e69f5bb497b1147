#include "new_memory.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using namespace tilescope;

namespace {

constexpr uint8_t untouched = 0xaa;

/** Memory that tells where it was touched: it begins as what makeReady() never writes. */
struct Arrays {
    std::vector<std::vector<uint8_t>> all;
    NewMemory memory;
    explicit Arrays(const std::vector<size_t>& lengths) {
        for (const size_t length : lengths) all.emplace_back(length, untouched);
        for (auto& one : all) memory.add(one);
    }
    /** Bytes of all arrays in a row that are not as they began. */
    [[nodiscard]] std::vector<uint64_t> touched() const {
        std::vector<uint64_t> found;
        uint64_t before = 0;
        for (const auto& one : all) {
            for (size_t i = 0; i < one.size(); i++) {
                if (one[i] != untouched) found.push_back(before + i);
            }
            before += one.size();
        }
        return found;
    }
};

} // namespace

TEST_CASE("[shape-6] each page of what a read fills next was touched before, and none far ahead of it") {
    constexpr uint64_t page = 4096;
    constexpr uint64_t ready = NewMemory::readyBytes;
    Arrays arrays({3 * ready});
    arrays.memory.makeReady();
    const auto first = arrays.touched();
    REQUIRE(first.size() == ready / page);
    for (size_t i = 0; i < first.size(); i++) CHECK(first[i] == i * page);
    arrays.memory.makeReady(); // a step that has to be taken again
    CHECK(arrays.touched() == first);
    arrays.memory.room(0, 0, ready - page);
    arrays.memory.makeReady();
    CHECK(arrays.touched().back() == 2 * ready - 2 * page);
    CHECK(arrays.touched().size() == 2 * ready / page - 1);
}

TEST_CASE("[shape-6] what was filled stays, whatever the arrays and rooms are; what comes next is ready") {
    std::mt19937 random(11);
    for (int round = 0; round < 40; round++) {
        std::vector<size_t> lengths(1 + random() % 5);
        for (size_t& length : lengths) length = random() % 3 == 0 ? random() % 9 : random() % (3U << 20U);
        Arrays arrays(lengths);
        for (size_t array = 0; array < lengths.size(); array++) {
            for (uint64_t at = 0; at < lengths[array];) {
                if (random() % 4 == 0) arrays.memory.makeReady();
                const uint64_t length = std::min<uint64_t>(1 + random() % 70000, lengths[array] - at);
                const auto room = arrays.memory.room(array, at, length);
                REQUIRE(room.data() == arrays.all[array].data() + at);
                std::fill(room.begin(), room.end(), uint8_t{0x55});
                at += length;
            }
        }
        arrays.memory.makeReady();
        for (const auto& one : arrays.all) {
            REQUIRE(std::all_of(one.begin(), one.end(), [](uint8_t byte) { return byte == 0x55; }));
        }
    }
}
