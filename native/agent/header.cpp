#include "header.h"

#include <bit>

namespace tilescope {
namespace {

/** Reads one MessagePack value and those in it. Every length is checked against what is there. */
class Reader {
  public:
    explicit Reader(std::span<const uint8_t> bytes) : rest_(bytes) {}
    [[nodiscard]] bool atEnd() const { return rest_.empty(); }

    /** False: not MessagePack, or more than a real header has. */
    bool value(Header& out, size_t depth) {
        const auto mark = number(1);
        if (!mark) return false;
        const auto code = static_cast<uint8_t>(*mark);
        if (code < 0x80) return put(out, uint64_t{code});
        if (code < 0x90) return map(out, code & 0x0FU, depth);
        if (code < 0xA0) return list(out, code & 0x0FU, depth);
        if (code < 0xC0) return text(out, code & 0x1FU);
        if (code >= 0xE0) return put(out, int64_t{static_cast<int8_t>(code)});
        switch (code) {
        case 0xC0:
            return put(out, nullptr);
        case 0xC2:
            return put(out, false);
        case 0xC3:
            return put(out, true);
        case 0xCA:
            return real<float, uint32_t>(out);
        case 0xCB:
            return real<double, uint64_t>(out);
        case 0xCC:
        case 0xCD:
        case 0xCE:
        case 0xCF: {
            const auto found = number(size_t{1} << (code - 0xCCU));
            return found && put(out, *found);
        }
        case 0xD0:
        case 0xD1:
        case 0xD2:
        case 0xD3: {
            const unsigned width = 1U << (code - 0xD0U);
            const auto found = number(width);
            const unsigned unused = 64 - width * 8;
            return found && put(out, static_cast<int64_t>(*found << unused) >> unused);
        }
        case 0xD9:
        case 0xDA:
        case 0xDB: {
            const auto length = number(size_t{1} << (code - 0xD9U));
            return length && text(out, *length);
        }
        case 0xDC:
        case 0xDD: {
            const auto count = number(code == 0xDC ? 2 : 4);
            return count && list(out, *count, depth);
        }
        case 0xDE:
        case 0xDF: {
            const auto count = number(code == 0xDE ? 2 : 4);
            return count && map(out, *count, depth);
        }
        default:
            return false; // binary values and extensions, and the one unused mark
        }
    }

  private:
    static constexpr size_t mostDepth = 8;
    /** Keys are searched one by one: a header of very many would cost the square of it. */
    static constexpr size_t mostKeys = 64;

    template <typename Value> static bool put(Header& out, Value value) {
        out = value;
        return true;
    }
    /** A big-endian number of 1 to 8 bytes. */
    std::optional<uint64_t> number(size_t width) {
        if (rest_.size() < width) return std::nullopt;
        uint64_t value = 0;
        for (const uint8_t one : rest_.first(width)) value = value << 8U | one;
        rest_ = rest_.subspan(width);
        return value;
    }
    template <typename Real, typename Bits> bool real(Header& out) {
        const auto bits = number(sizeof(Bits));
        return bits && put(out, std::bit_cast<Real>(static_cast<Bits>(*bits)));
    }
    bool text(Header& out, uint64_t length) {
        if (length > rest_.size()) return false;
        out = std::string(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(length));
        rest_ = rest_.subspan(length);
        return true;
    }
    bool list(Header& out, uint64_t count, size_t depth) {
        if (depth == mostDepth || count > rest_.size()) return false; // an element has a byte at least
        out = Header::array();
        for (uint64_t i = 0; i < count; i++) {
            out.push_back(nullptr);
            if (!value(out.back(), depth + 1)) return false;
        }
        return true;
    }
    bool map(Header& out, uint64_t count, size_t depth) {
        if (depth == mostDepth || count > mostKeys) return false;
        out = Header::object();
        Header key;
        for (uint64_t i = 0; i < count; i++) {
            if (!value(key, mostDepth) || !key.is_string()) return false;
            if (!value(out[key.get_ref<const std::string&>()], depth + 1)) return false;
        }
        return true;
    }

    std::span<const uint8_t> rest_;
};

} // namespace

std::optional<Header> decodeHeader(std::span<const uint8_t> bytes) {
    Header root;
    Reader reader(bytes);
    if (!reader.value(root, 0) || !reader.atEnd() || !root.is_object()) return std::nullopt;
    return root;
}

} // namespace tilescope
