#include "driver.h"

#include <doctest/doctest.h>
#include <random>

#include "fake_kernel.h"

using namespace tilescope;

namespace {

const char* const hardwareInfo = "generation: aieml\n"
                                 "total_cols: 38\n"
                                 "total_rows: 11\n"
                                 "shim_tile: start row: 0, num_rows: 1\n"
                                 "memory_tile: start row: 1, num_rows: 2\n"
                                 "aie_tile: start row: 3, num_rows: 8\n";

DriverFacts find(FakeKernel& kernel) {
    std::vector<std::string> findings;
    return probeDriver(kernel, "/dev/aie0", findings);
}

const std::string treeNode = "/sys/firmware/devicetree/base/axi/ai-engine@20000000000";

void plantTree(FakeKernel& kernel, const std::string& compatible) {
    kernel.folders["/sys/firmware/devicetree/base"] = {"axi", "memory@0"};
    kernel.folders["/sys/firmware/devicetree/base/axi"] = {"ai-engine@20000000000"};
    kernel.texts[treeNode + "/compatible"] = compatible;
}

} // namespace

TEST_CASE("[attach-2] the families are told apart by what sysfs shows") {
    FakeKernel kernel;
    CHECK(find(kernel).family == Family::linux2020);
    kernel.folders["/sys/class/aie/aiepart_6_4"] = {"uevent", "power", "core", "dma"};
    CHECK(find(kernel).family == Family::xlnxStatic);
    CHECK_FALSE(find(kernel).dynamic);
    kernel.sysfs.emplace_back("aieaperture_0_6");
    CHECK(find(kernel).family == Family::unknown); // nobody names the generation
    CHECK(find(kernel).apparent == Family::xlnxAperture);
    CHECK(find(kernel).dynamic);
    kernel.named = "aie";
    kernel.shape = {6, {0, 1}, {}, {1, 4}};
    const DriverFacts facts = find(kernel);
    CHECK(facts.family == Family::xlnxAperture);
    CHECK(facts.generation == Generation::aie);
    CHECK(facts.shape == kernel.shape);
    CHECK(facts.apertures == std::vector<ColumnRange>{{0, 6}});
}

TEST_CASE("[attach-2] no class, no node of this name, no partitions: an unknown driver") {
    FakeKernel kernel;
    kernel.sysfs = {"aiepart_6_4"};
    CHECK(find(kernel).family == Family::unknown);
    kernel.sysfs = {"aie0"};
    CHECK(find(kernel).family == Family::unknown);
    kernel.sysfs = {};
    CHECK(find(kernel).family == Family::unknown);
}

TEST_CASE("[attach-2] a generation that this version does not know makes the driver unknown, and keeps its rows") {
    FakeKernel kernel(Generation::aieml);
    kernel.named = "aie9";
    const DriverFacts facts = find(kernel);
    CHECK(facts.family == Family::unknown);
    CHECK(facts.generation == Generation::unknown);
    CHECK(facts.generationNamed);
    CHECK(facts.dynamic);
    CHECK(facts.shape == kernel.shape);
}

TEST_CASE(
    "[attach-5] the device tree tells generation and rows where the driver does not; the driver's word counts more") {
    FakeKernel kernel(Generation::aieml);
    kernel.named = "";
    plantTree(kernel, std::string("xlnx,ai-engine-v2.0\0", 20));
    kernel.texts[treeNode + "/xlnx,aie-gen"] = std::string("\5", 1);
    kernel.texts[treeNode + "/xlnx,shim-rows"] = std::string("\0\1", 2);
    kernel.texts[treeNode + "/xlnx,mem-rows"] = std::string("\1\2", 2);
    kernel.texts[treeNode + "/xlnx,core-rows"] = std::string("\3\4", 2);
    DriverFacts facts = find(kernel);
    CHECK(facts.family == Family::xlnxAperture);
    CHECK(facts.generation == Generation::aie2ps);
    CHECK(facts.shape == ArrayShape{6, {0, 1}, {1, 2}, {3, 4}}); // columns from the aperture
    kernel.texts[treeNode + "/xlnx,aie-gen"] = std::string("\0\0\0\2", 4);
    CHECK(find(kernel).generation == Generation::aieml);
    kernel.texts[treeNode + "/xlnx,aie-gen"] = std::string("\7", 1);
    CHECK(find(kernel).family == Family::unknown);
    kernel.texts[treeNode + "/xlnx,core-rows"] = std::string("\4\4", 2); // a row left out
    CHECK_FALSE(find(kernel).shape);
    kernel.named = "aieml";
    facts = find(kernel);
    CHECK(facts.generation == Generation::aieml);
    CHECK(facts.shape == kernel.shape);
}

TEST_CASE("[attach-2] a device tree of another device than those that are known makes the driver unknown") {
    FakeKernel kernel;
    plantTree(kernel, "xlnx,ai-engine-v1.0");
    CHECK(find(kernel).family == Family::linux2020);
    kernel.texts[treeNode + "/compatible"] = "other,ai-engine-v9";
    CHECK(find(kernel).family == Family::unknown);
}

TEST_CASE("[attach-5] hardware_info is believed only if it is whole and makes an array") {
    const auto info = parseHardwareInfo(hardwareInfo);
    REQUIRE(info);
    CHECK(info->generation == "aieml");
    CHECK(info->shape == ArrayShape{38, {0, 1}, {1, 2}, {3, 8}});
    const auto changed = [](const std::string& from, const std::string& to) {
        std::string text = hardwareInfo;
        text.replace(text.find(from), from.size(), to);
        return parseHardwareInfo(text);
    };
    CHECK(changed("memory_tile: start row: 1, num_rows: 2\naie_tile: start row: 3, num_rows: 8",
                  "aie_tile: start row: 1, num_rows: 10"));
    CHECK(changed("total_rows: 11\n", "total_rows: 11\nnews: from a later release\n"));
    CHECK_FALSE(changed("total_cols: 38\n", ""));
    CHECK_FALSE(changed("total_cols: 38", "total_cols: 0"));
    CHECK_FALSE(changed("total_cols: 38", "total_cols: 4294967295"));
    CHECK_FALSE(changed("total_cols: 38", "total_cols: 38 "
                                          "x"));
    CHECK_FALSE(changed("total_cols: 38", "total_cols: 38\ntotal_cols: 3"));
    CHECK_FALSE(changed("total_rows: 11", "total_rows: 12"));
    CHECK_FALSE(changed("start row: 3", "start row: 4"));
    CHECK_FALSE(changed("start row: 3", "start row: -3"));
    CHECK_FALSE(changed("num_rows: 8", "num_rows: 99999"));
    CHECK_FALSE(changed("generation: aieml", "generation: aie\x1b[31m"));
    CHECK_FALSE(parseHardwareInfo(""));
}

TEST_CASE("[attach-5] random damage to hardware_info never makes an impossible array") {
    constexpr uint32_t seed = 30031;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 20000; round++) {
        std::string text = hardwareInfo;
        for (uint32_t i = 0; i < 1 + random() % 3; i++) {
            const size_t at = random() % text.size();
            switch (random() % 3) {
            case 0:
                text[at] = static_cast<char>(random());
                break;
            case 1:
                text.erase(at, random() % 20);
                break;
            default:
                text.insert(at, std::to_string(random()));
            }
            if (text.empty()) break;
        }
        const auto info = parseHardwareInfo(text);
        if (!info) continue;
        const ArrayShape& shape = info->shape;
        REQUIRE(shape.numCols >= 1);
        REQUIRE(shape.numCols <= array::maxColumns);
        REQUIRE(shape.numRows() <= array::maxRows);
        REQUIRE(shape.shim.start == 0);
        REQUIRE(shape.core.start == shape.shim.count + shape.memory.count);
        REQUIRE(info->generation.size() <= 16);
    }
}

TEST_CASE(
    "[truth-6] the device tree's node is found by what it says it is, whatever it is called and wherever it stands") {
    for (const std::string node :
         {"axi/ai_engine@20000000000", "amba_pl@0/aie@0", "bus@f0000000/ai-engine@1", "array"}) {
        CAPTURE(node);
        FakeKernel kernel;
        kernel.sysfs = {"aie0", "aieaperture_0_6"};
        const std::string base = "/sys/firmware/devicetree/base";
        const size_t slash = node.find('/');
        kernel.folders[base] = {"memory@0", node.substr(0, slash)};
        if (slash != std::string::npos)
            kernel.folders[base + "/" + node.substr(0, slash)] = {"gpio@1", node.substr(slash + 1)};
        kernel.texts[base + "/memory@0/compatible"] = "ai-engine,memory";
        kernel.texts[base + "/" + node + "/compatible"] = std::string("xlnx,ai-engine-v2.0\0", 20);
        kernel.texts[base + "/" + node + "/xlnx,aie-gen"] = std::string("\0\0\0\2", 4);
        CHECK(find(kernel).generation == Generation::aieml);
        CHECK(find(kernel).family == Family::xlnxAperture);
    }
}

TEST_CASE("[attach-2] columns in a name are taken only where an array can have them") {
    CHECK(columnsOfName("aieaperture_0_50", "aieaperture_") == ColumnRange{0, 50});
    for (const char* name : {"aieaperture_0_0", "aieaperture_0_129", "aieaperture_128_1", "aieaperture_1_128",
                             "aieaperture_0", "aieaperture_0_5x", "aiepart_0_5", "aieaperture_-1_5"}) {
        CAPTURE(name);
        CHECK_FALSE(columnsOfName(name, "aieaperture_"));
    }
}
