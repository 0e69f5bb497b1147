#include "header_decoder.h"

namespace tilescope {
namespace {

/** Builds a value from parser events and stops at a depth that no real header has (the parser itself recurses). */
class Builder {
  public:
    explicit Builder(Header& root) : root_(root) {}

    bool null() { return put(nullptr) != nullptr; }
    bool boolean(bool value) { return put(value) != nullptr; }
    bool number_integer(int64_t value) { return put(value) != nullptr; }
    bool number_unsigned(uint64_t value) { return put(value) != nullptr; }
    bool number_float(double value, const std::string& /*text*/) { return put(value) != nullptr; }
    bool string(std::string& value) { return put(std::move(value)) != nullptr; }
    static bool binary(Header::binary_t& /*value*/) { return false; }
    bool start_object(size_t /*elements*/) { return enter(Header::object()); }
    bool start_array(size_t /*elements*/) { return enter(Header::array()); }
    bool end_object() { return leave(); }
    bool end_array() { return leave(); }
    bool key(std::string& value) {
        // Keys are searched one by one: a header of very many would cost the square of it.
        if (open_.back()->size() >= mostKeys) return false;
        key_ = std::move(value);
        return true;
    }
    static bool parse_error(size_t /*position*/, const std::string& /*token*/, const std::exception& /*error*/) {
        return false;
    }

  private:
    static constexpr size_t mostDepth = 8;
    static constexpr size_t mostKeys = 64;

    Header* put(Header value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        Header& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        Header& place = parent[key_];
        place = std::move(value);
        return &place;
    }
    bool enter(Header value) {
        if (open_.size() >= mostDepth) return false;
        open_.push_back(put(std::move(value)));
        return true;
    }
    bool leave() {
        open_.pop_back();
        return true;
    }

    Header& root_;
    std::vector<Header*> open_;
    std::string key_;
};

} // namespace

std::optional<Header> decodeHeader(std::span<const uint8_t> bytes) {
    Header root;
    Builder builder(root);
    const bool good = Header::sax_parse(bytes.begin(), bytes.end(), &builder, Header::input_format_t::msgpack);
    if (!good || !root.is_object()) return std::nullopt;
    return root;
}

} // namespace tilescope
