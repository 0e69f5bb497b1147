#include "frame.h"
#include "frame_writer.h"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <random>
#include <sstream>

#include "inflate.h"

using namespace tilescope;

namespace {

std::vector<uint8_t> frameBytes(const Header& header, const std::vector<uint8_t>& payload) {
    std::vector<uint8_t> bytes = encodeFrameHead(header, payload.size());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

#ifdef TILESCOPE_GOLDEN
std::string hexText(const std::vector<uint8_t>& bytes) {
    std::string text;
    for (const uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}
#endif

std::vector<uint8_t> fromHex(const std::string& text) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

/** Whether a stream of these bytes ends in a FrameError. */
bool breaks(const std::vector<uint8_t>& bytes) {
    FrameDecoder decoder;
    decoder.push(bytes);
    try {
        while (decoder.next()) {
        }
    } catch (const FrameError&) {
        return true;
    }
    return false;
}

} // namespace

#ifdef TILESCOPE_GOLDEN
// TILESCOPE_WRITE_GOLDEN=1 writes the frames of the file anew from its headers
// and payloads.
TEST_CASE("[shape-6] bytes of a read go out in whole frames, some of them in one write, behind what waits") {
    std::vector<uint8_t> bytes((size_t{9} << 16U) + 5);
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i * 7 >> 3U);
    FrameDecoder decoder;
    size_t writes = 0;
    FrameWriter writer([&](std::span<const FrameWriter::Part> parts) {
        writes++;
        size_t length = 0;
        for (const auto& part : parts) {
            decoder.push(part);
            length += part.size();
        }
        CHECK(length <= 5 * mostPayloadBytes);
    });
    size_t told = writer.add({{"id", 3}, {"t", "mark"}});
    CHECK(writes == 0);
    told += writer.sendData(7, 0x1000, bytes);
    CHECK(writes == 3);
    CHECK(decoder.next()->header["t"] == "mark");
    std::vector<uint8_t> came;
    while (const auto frame = decoder.next()) {
        CHECK(frame->header["t"] == "data");
        CHECK(frame->header["id"] == 7);
        CHECK(frame->header["offset"] == 0x1000 + came.size());
        came.insert(came.end(), frame->payload.begin(), frame->payload.end());
    }
    CHECK(came == bytes);
    const std::vector<uint8_t> deflated(100, 1);
    size_t written = 0;
    FrameWriter other([&](std::span<const FrameWriter::Part> parts) {
        for (const auto& part : parts) {
            written += part.size();
            decoder.push(part);
        }
    });
    CHECK(other.addData(7, 0x2000, deflated, 4096) > deflated.size());
    const size_t length = other.addData(7, 0x3000, deflated, 4096);
    CHECK(written == 0);
    other.flush();
    CHECK(written == 2 * length);
    const auto first = decoder.next();
    REQUIRE(first);
    CHECK(first->header["offset"] == 0x2000);
    CHECK(first->header["inflated"] == 4096);
    CHECK(first->payload == deflated);
    CHECK(told > bytes.size());
}

TEST_CASE("[shape-6] the header of a data frame is packed as the library packs it, whatever its numbers") {
    std::mt19937_64 random(std::random_device{}());
    std::vector<uint64_t> numbers{0, 127, 128, 255, 256, 65535, 65536, 0xFFFFFFFF, 0x100000000, ~uint64_t{0}};
    for (int i = 0; i < 1000; i++) numbers.push_back(random() >> random() % 64);
    for (const uint64_t id : numbers) {
        const uint64_t offset = numbers[random() % numbers.size()];
        CAPTURE(id);
        CAPTURE(offset);
        CHECK(packDataHeader(id, offset) == Header::to_msgpack({{"id", id}, {"t", "data"}, {"offset", offset}}));
    }
}

TEST_CASE("[main-10] the golden frames are encoded and decoded byte for byte") {
    std::stringstream text;
    text << std::ifstream(TILESCOPE_GOLDEN).rdbuf();
    Header golden = Header::parse(text.str());
    REQUIRE(golden.size() >= 20);
    const bool write = getenv("TILESCOPE_WRITE_GOLDEN") != nullptr;
    for (Header& one : golden) {
        CAPTURE(one["name"].get<std::string>());
        const std::vector<uint8_t> payload = fromHex(one["payloadHex"]);
        const std::vector<uint8_t> bytes = frameBytes(one["header"], payload);
        if (write) one["frameHex"] = hexText(bytes);
        CHECK(one["frameHex"].get<std::string>() == hexText(bytes));
        FrameDecoder decoder;
        decoder.push(bytes);
        const auto frame = decoder.next();
        REQUIRE(frame);
        CHECK(frame->header.dump() == one["header"].dump());
        CHECK(frame->payload == payload);
        CHECK_FALSE(decoder.next());
        if (!one.contains("inflatedHex")) continue;
        const auto whole = inflated(payload, one["header"]["inflated"].get<size_t>());
        REQUIRE(whole);
        CHECK(hexText(*whole) == one["inflatedHex"].get<std::string>());
        CHECK(packDataHeader(one["header"]["id"], one["header"]["offset"], whole->size()) ==
              Header::to_msgpack(one["header"]));
    }
    if (write) std::ofstream(TILESCOPE_GOLDEN) << golden.dump(2) << "\n";
}
#endif

TEST_CASE("frames come out whole however the stream is cut") {
    constexpr uint32_t seed = 99;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::vector<uint8_t> stream;
    std::vector<size_t> payloads;
    for (uint64_t id = 1; id <= 200; id++) {
        const size_t length = random() % 3 == 0 ? 0 : random() % 3000;
        payloads.push_back(length);
        const auto bytes =
            frameBytes({{"op", "x"}, {"id", id}}, std::vector<uint8_t>(length, static_cast<uint8_t>(id)));
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }
    FrameDecoder decoder;
    size_t got = 0;
    for (size_t at = 0; at < stream.size();) {
        const size_t length = std::min<size_t>(1 + random() % 5000, stream.size() - at);
        decoder.push(std::span(stream).subspan(at, length));
        at += length;
        while (const auto frame = decoder.next()) {
            REQUIRE(frame->header["id"] == got + 1);
            REQUIRE(frame->payload == std::vector<uint8_t>(payloads[got], static_cast<uint8_t>(got + 1)));
            got++;
        }
    }
    CHECK(got == payloads.size());
}

TEST_CASE("a frame that breaks a limit ends the stream") {
    const auto head = [](uint32_t length, uint32_t headerLength) {
        std::vector<uint8_t> bytes;
        for (const uint32_t value : {length, headerLength}) {
            for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
        }
        bytes.resize(200000, 0x80);
        return bytes;
    };
    CHECK(breaks(head(4, 0)));
    CHECK(breaks(head(0, 1)));
    CHECK(breaks(head(4 + 65536 + 65537, 65536)));
    CHECK(breaks(head(4 + 65537, 65537)));
    CHECK(breaks(head(4 + 1 + 65537, 1)));
    CHECK(breaks(head(10, 7)));
    CHECK(breaks(head(0xFFFFFFFF, 1)));
    std::vector<uint8_t> largest = head(4 + 1 + 65536, 1);
    largest.resize(4 + 4 + 1 + 65536);
    CHECK_FALSE(breaks(largest));
    CHECK_THROWS_AS(encodeFrameHead(Header::object(), 65537), FrameError);
    CHECK_THROWS_AS(encodeFrameHead({{"text", std::string(65536, 'x')}}, 0), FrameError);
}

TEST_CASE("only a map with text keys, no deeper than 8 and without surprises, is a header") {
    const auto good = [](const std::string& hex) { return decodeHeader(fromHex(hex)).has_value(); };
    CHECK(good("81a2696401"));
    CHECK_FALSE(good("93010203"));         // a list
    CHECK_FALSE(good("810101"));           // a number as key
    CHECK_FALSE(good("81a2696401c0"));     // something after it
    CHECK_FALSE(good("81a26964"));         // cut off
    CHECK_FALSE(good("81a16bc40101"));     // binary value
    CHECK_FALSE(good("81a16bd40100"));     // extension
    CHECK_FALSE(good("81a16bc1"));         // never used byte
    CHECK_FALSE(good("df7fffffff"));       // very many pairs
    CHECK_FALSE(good("81a16bddffffffff")); // very long list
    std::vector<uint8_t> deep = fromHex("81a16b");
    deep.resize(65000, 0x91);
    CHECK_FALSE(decodeHeader(deep).has_value());
}

TEST_CASE("[main-10] random and damaged streams never do more than end the stream") {
    constexpr uint32_t seed = 31337;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const Header header{{"op", "read"},
                        {"id", 7},
                        {"partition", "6_4"},
                        {"memory", "data"},
                        {"ranges", {{0, 64}, {4096, 128}}},
                        {"openTiles", Header::array()}};
    const std::vector<uint8_t> good = frameBytes(header, std::vector<uint8_t>(100, 0x5A));
    int ended = 0;
    for (int round = 0; round < 20000; round++) {
        std::vector<uint8_t> bytes;
        if (round % 2 == 0) {
            bytes = good;
            for (uint32_t i = 0; i < 1 + random() % 8; i++)
                bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
            if (random() % 4 == 0) bytes.resize(random() % bytes.size());
        } else {
            bytes.resize(random() % 400);
            for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
            // A plausible length, so that the header is looked at.
            if (bytes.size() > 16) {
                const size_t length = bytes.size() - 4;
                for (size_t i = 0; i < 4; i++) bytes[i] = static_cast<uint8_t>(length >> (8 * i));
                const size_t headerLength = 1 + random() % (length - 4);
                for (size_t i = 0; i < 4; i++) bytes[4 + i] = static_cast<uint8_t>(headerLength >> (8 * i));
                bytes[8] = static_cast<uint8_t>(0x80 + random() % 16);
            }
        }
        ended += breaks(bytes) ? 1 : 0;
    }
    CHECK(ended > 5000);
}
