#include "service.h"

#include <algorithm>
#include <utility>

#include "../core/partition_key.h"
#include "answers.h"

namespace tilescope {
namespace {

/** Bytes of a read that overtakes bulk. */
constexpr uint64_t smallRead = 16384;
/** Tiles of a status request that overtakes bulk. */
constexpr size_t fewTiles = 16;

/** Recordings that one client may have. */
constexpr size_t mostRecordings = 16;
/** The first number that no request has: tasks which belong to no request are counted from here. */
constexpr uint64_t firstOwnId = uint64_t{1} << 53U;
/** Words of one answer of a recording: what a slow link takes without keeping the worker waiting. */
constexpr size_t mostAnswerWords = 16384;

/** Which epoch the bytes are of, and when they were read. */
template <typename Job> Header endHeader(const Job& job) {
    return {{"epoch", job.epoch()}, {"at", job.at()}};
}

/** The same of a read, which may have ended early. */
template <typename Job> Header readEndHeader(const Job& job) {
    Header answer = endHeader(job);
    if (job.gaveWay()) answer["gaveWay"] = true;
    return answer;
}

Part spansPart(const std::vector<Span>& spans) {
    Part part{"spans", Header::object(), {}, 3};
    for (const Span& one : spans) {
        part.words.push_back(static_cast<uint32_t>(one.offset));
        part.words.push_back(static_cast<uint32_t>(one.length));
        part.words.push_back(static_cast<uint32_t>(one.reason));
    }
    return part;
}

class ReplyTask : public Task {
  public:
    ReplyTask(uint64_t id, std::unique_ptr<Reply> reply) : Task(id), reply_(std::move(reply)) {}
    void fail(const CoreError& error) noexcept override { reply_->fail(error); }

  protected:
    Reply& reply() { return *reply_; }

  private:
    std::unique_ptr<Reply> reply_;
};

/** A request that is answered as soon as there is an answer. */
class AnswerTask final : public ReplyTask {
  public:
    using Act = std::function<OrLater<Header>(Engine&)>;
    AnswerTask(uint64_t id, std::unique_ptr<Reply> reply, Act act, bool outlastsSilence)
        : ReplyTask(id, std::move(reply)), act_(std::move(act)), outlasts_(outlastsSilence) {}
    [[nodiscard]] bool outlastsSilence() const override { return outlasts_; }
    Progress step(Engine& engine) override {
        auto answer = act_(engine);
        if (!answer) return answer.later();
        answer_ = *std::move(answer);
        return Progress::done();
    }
    void deliver(bool /*finished*/) override { reply().end(answer_); }

  private:
    Act act_;
    bool outlasts_;
    Header answer_;
};

/** A request that is answered in parts, as many as its steps made; its last answer says of which epoch they are. */
class PartsTask : public ReplyTask {
  public:
    using ReplyTask::ReplyTask;
    void deliver(bool finished) final {
        sendParts();
        if (finished) {
            reply().end(lastAnswer());
        } else {
            reply().flush();
        }
    }

  private:
    /** Sends what the steps since the last call made. */
    virtual void sendParts() = 0;
    virtual Header lastAnswer() = 0;
};

class ReadTask final : public PartsTask, private ReadSink {
  public:
    ReadTask(uint64_t id, std::unique_ptr<Reply> reply, ReadRequest request)
        : PartsTask(id, std::move(reply)), job_(std::move(request)) {}
    bool waits() override { return reply().waits(); }
    Progress step(Engine& engine) override {
        reply().makeReady();
        return job_.step(engine, *this);
    }

  private:
    void sendParts() override {
        reply().handOut();
        if (!spans_.empty()) reply().part(spansPart(std::exchange(spans_, {})));
    }
    Header lastAnswer() override { return readEndHeader(job_); }
    std::span<uint8_t> room(size_t range, uint64_t at, uint64_t offset, uint64_t length) override {
        return reply().room(range, at, offset, length);
    }
    void filled(uint64_t length) override { reply().filled(length); }
    void unreadable(const Span& span) override {
        const bool joins = !spans_.empty() && spans_.back().reason == span.reason &&
                           spans_.back().offset + spans_.back().length == span.offset;
        if (joins) {
            spans_.back().length += span.length;
        } else {
            spans_.push_back(span);
        }
    }

    ReadJob job_;
    std::vector<Span> spans_;
};

/** Hits as they are found, and now and then how far the search is. */
class FindTask final : public PartsTask {
  public:
    FindTask(uint64_t id, std::unique_ptr<Reply> reply, FindRequest request)
        : PartsTask(id, std::move(reply)), job_(std::move(request)),
          progressBytes_(std::clamp(job_.total() / mostProgress, uint64_t{1}, mostUnsaid)) {}
    bool waits() override { return reply().waits(); }
    Progress step(Engine& engine) override { return job_.step(engine); }

  private:
    /** So often is told how far the search is, or after so many bytes: no client has to wait long for a sign. */
    static constexpr uint64_t mostProgress = 32;
    static constexpr uint64_t mostUnsaid = uint64_t{4} << 20U;

    void sendParts() override {
        reply().handOut();
        if (auto hits = job_.takeHits(); !hits.empty()) {
            reply().part({"hits", Header::object(), std::move(hits), job_.hitWords()});
        }
        if (const auto spans = job_.takeSpans(); !spans.empty()) reply().part(spansPart(spans));
        if (job_.done() < saidBytes_ + progressBytes_) return;
        saidBytes_ = job_.done();
        reply().part({"progress", {{"bytes", saidBytes_}}, {}, 1});
    }
    Header lastAnswer() override {
        Header answer = readEndHeader(job_);
        if (job_.isFull()) answer["full"] = true;
        if (const auto at = job_.gaveUpAt()) answer["gaveUpAt"] = *at;
        return answer;
    }

    FindJob job_;
    uint64_t progressBytes_;
    uint64_t saidBytes_ = 0;
};

/** What a watch tells, until it ends with an error. */
class WatchTask final : public ReplyTask {
  public:
    WatchTask(uint64_t id, std::unique_ptr<Reply> reply, std::shared_ptr<WatchJob> job)
        : ReplyTask(id, std::move(reply)), job_(std::move(job)) {}
    Progress step(Engine& engine) override { return job_->step(engine); }
    void deliver(bool /*finished*/) override {
        if (!job_->tells()) return;
        Header about{{"at", job_->at()}, {"words", job_->words()}};
        const auto covered = job_->coveredSince();
        if (!covered) {
            about["coveredMs"] = nullptr;
        } else if (*covered < job_->roundBegan()) {
            const auto age = job_->roundEnded() - *covered;
            about["coveredMs"] = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
        }
        if (!std::exchange(saidEpoch_, true)) about["epoch"] = job_->epoch();
        reply().update(about, *job_);
        reply().flush();
    }

  private:
    std::shared_ptr<WatchJob> job_;
    bool saidEpoch_ = false;
};

/** A recording, from when it is armed until it ends. It answers nothing. */
class RecordTask final : public Task {
  public:
    RecordTask(uint64_t id, std::shared_ptr<RecordJob> job) : Task(id), job_(std::move(job)) {}
    Progress step(Engine& engine) override { return job_->step(engine); }
    [[nodiscard]] bool outlastsSilence() const override { return true; }
    void deliver(bool /*finished*/) override {}
    void fail(const CoreError& error) noexcept override { job_->end(error); }

  private:
    std::shared_ptr<RecordJob> job_;
};

/** The part of a recording that its client does not have yet. */
class RecordingTask final : public PartsTask {
  public:
    RecordingTask(uint64_t id, std::unique_ptr<Reply> reply, std::shared_ptr<RecordJob> job, uint64_t from)
        : PartsTask(id, std::move(reply)), job_(std::move(job)), from_(from) {}
    [[nodiscard]] bool outlastsSilence() const override { return true; } // another agent may ask
    Progress step(Engine& engine) override {
        part_ = job_->part(from_, mostAnswerWords, engine.clock());
        answer_ = recordingHeader(job_->state(), part_);
        return Progress::done();
    }

  private:
    void sendParts() override { reply().part({"entries", Header::object(), std::move(part_.words), 1}); }
    Header lastAnswer() override { return answer_; }

    std::shared_ptr<RecordJob> job_;
    uint64_t from_;
    RingPart part_;
    Header answer_;
};

class WriteTask final : public PartsTask {
  public:
    WriteTask(uint64_t id, std::unique_ptr<Reply> reply, WriteRequest request)
        : PartsTask(id, std::move(reply)), job_(std::move(request)) {}
    Progress step(Engine& engine) override { return job_.step(engine, outcomes_); }

  private:
    void sendParts() override {
        if (outcomes_.empty()) return;
        Part part{"outcomes", Header::object(), {}, 3};
        for (const WordOutcome& one : outcomes_) {
            part.words.push_back(one.offset);
            part.words.push_back(static_cast<uint32_t>(one.outcome) | static_cast<uint32_t>(one.reason) << 8U);
            part.words.push_back(one.now);
        }
        outcomes_.clear();
        reply().part(part);
    }
    Header lastAnswer() override { return endHeader(job_); }

    WriteJob job_;
    std::vector<WordOutcome> outcomes_;
};

class StatusTask final : public PartsTask {
  public:
    StatusTask(uint64_t id, std::unique_ptr<Reply> reply, StatusRequest request)
        : PartsTask(id, std::move(reply)), job_(std::move(request)) {}
    Progress step(Engine& engine) override { return job_.step(engine, tiles_); }

  private:
    void sendParts() override {
        for (const TileStatus& one : std::exchange(tiles_, {})) {
            Part part{"tile", tileHeader(one), {}, 2};
            for (const auto& [offset, value] : one.registers) {
                part.words.push_back(offset);
                part.words.push_back(value);
            }
            reply().part(part);
        }
    }
    Header lastAnswer() override {
        Header answer = endHeader(job_);
        answer["waitMs"] = job_.wait().count();
        return answer;
    }

    StatusJob job_;
    std::vector<TileStatus> tiles_;
};

class HoldTask final : public ReplyTask {
  public:
    HoldTask(uint64_t id, std::unique_ptr<Reply> reply, HoldRequest request, HoldProcess& process)
        : ReplyTask(id, std::move(reply)), job_(std::move(request), process) {}
    Progress step(Engine& engine) override { return job_.step(engine); }
    void deliver(bool finished) override {
        if (finished) reply().end(Header::object());
    }

  private:
    HoldJob job_;
};

Worker::Hooks hooksOf(Service::Notices notices) {
    return {[tell = std::move(notices.partitions)](const std::vector<PartitionState>& partitions,
                                                   const std::vector<ColumnRange>& free) {
                tell(partitionsHeader(partitions, free));
            },
            std::move(notices.trace),
            [tell = std::move(notices.refusedStart)](const std::vector<RefusedStart>& refused) {
                for (const RefusedStart& one : refused) tell(refusedStartHeader(one));
            },
            std::move(notices.trouble)};
}

} // namespace

Service::Service(Platform platform, std::string device, Notices notices)
    : platform_(std::move(platform)), worker_(platform_.kernel, std::move(device), hooksOf(std::move(notices))) {}

void Service::answer(uint64_t id, std::unique_ptr<Reply> reply, std::function<OrLater<Header>(Engine&)> act,
                     bool outlastsSilence) {
    worker_.post(std::make_unique<AnswerTask>(id, std::move(reply), std::move(act), outlastsSilence), true);
}

void Service::refuse(uint64_t id, const CoreError& error, std::unique_ptr<Reply> reply) {
    answer(id, std::move(reply), [error](Engine&) -> OrLater<Header> { throw error; });
}

void Service::write(uint64_t id, WriteRequest request, std::unique_ptr<Reply> reply) {
    worker_.post(std::make_unique<WriteTask>(id, std::move(reply), std::move(request)), false);
}

void Service::watch(uint64_t id, std::shared_ptr<WatchJob> job, std::unique_ptr<Reply> reply) {
    std::erase_if(watches_, [](const auto& one) { return one.second.expired(); });
    watches_[id] = job;
    // Not urgent: what a person asked for goes first.
    worker_.post(std::make_unique<WatchTask>(id, std::move(reply), std::move(job)), false);
}

void Service::record(uint64_t id, const Header& header, std::unique_ptr<Reply> reply) {
    const std::string name = recordingIn(header);
    RecordRequest request = recordRequest(header);
    const auto known = recordings_.find(name);
    if (known != recordings_.end()) {
        known->second->change(request);
    } else {
        if (recordings_.size() >= mostRecordings) {
            throw CoreError("out-of-range", "more than " + std::to_string(mostRecordings) + " recordings");
        }
        auto job = std::make_shared<RecordJob>(std::move(request));
        recordings_[name] = job;
        recordingCount_ = recordings_.size();
        worker_.post(std::make_unique<RecordTask>(firstOwnId + recordingsBegun_++, std::move(job)), false);
    }
    answer(
        id, std::move(reply), [](Engine&) { return Header::object(); }, true);
}

std::shared_ptr<RecordJob> Service::recordingOf(const Header& header) {
    const auto found = recordings_.find(recordingIn(header));
    if (found == recordings_.end()) throw CoreError("no-recording", "there is no recording of this name");
    return found->second;
}

std::vector<std::string> Service::recordings() const {
    std::vector<std::string> names;
    for (const auto& [name, job] : recordings_) names.push_back(name);
    return names;
}

std::shared_ptr<WatchJob> Service::watchOf(uint64_t id) {
    const auto found = watches_.find(id);
    return found == watches_.end() ? nullptr : found->second.lock();
}

void Service::change(uint64_t id, const Header& header) {
    const auto job = watchOf(id);
    if (!job) return;
    const auto scan = std::dynamic_pointer_cast<ScanJob>(job);
    if (!scan) throw badRequest("a survey does not change");
    scan->change(scanRequest(header));
    worker_.wake(id);
}

void Service::seen(uint64_t id) {
    const auto job = watchOf(id);
    if (!job) return;
    job->seen();
    worker_.wake(id);
}

void Service::halt(uint64_t id, const Header& header, std::unique_ptr<Reply> reply) {
    static const std::map<std::string, HaltAct, std::less<>> acts{{"halt", HaltAct::halt},
                                                                  {"resume", HaltAct::resume},
                                                                  {"step", HaltAct::step},
                                                                  {"breakpoints", HaltAct::breakpoints}};
    const std::string name = textIn(header, "act");
    const ColumnRange columns = columnsNamedBy(partitionIn(header));
    Visit visit{Asking::person, true}; // each answer has a copy of its own
    if (name == "allow") {
        worker_.watchPartitions(); // from now on a change of hands must be seen
        return answer(id, std::move(reply), [columns, epoch = textIn(header, "epoch"), visit](Engine& engine) mutable {
            return engine.halts().allow(columns, epoch, visit).then([](Done) { return Header::object(); });
        });
    }
    if (name == "end") {
        return answer(id, std::move(reply), [columns, visit](Engine& engine) mutable {
            return engine.halts().end(columns, visit).then([](size_t left) { return Header{{"left", left}}; });
        });
    }
    const auto act = acts.find(name);
    if (act == acts.end()) throw badRequest("nothing is done to a core by " + name.substr(0, 40));
    answer(id, std::move(reply), [request = haltRequest(header, act->second), visit](Engine& engine) mutable {
        return engine.halts().act(request, visit).then(haltHeader);
    });
}

void Service::debugRead(uint64_t id, const Header& header, std::unique_ptr<Reply> reply) {
    const ColumnRange columns = columnsNamedBy(partitionIn(header));
    Visit visit{Asking::person, true};
    answer(id, std::move(reply), [columns, tile = tileIn(header), visit](Engine& engine) mutable {
        return engine.halts().registers(columns, tile, visit).then(registersHeader);
    });
}

void Service::request(uint64_t id, const std::string& op, const Header& header, std::unique_ptr<Reply> reply) {
    const auto nothing = [](Engine&) { return Header::object(); };
    if (op == "hello") {
        return answer(id, std::move(reply), [](Engine& engine) { return helloHeader(engine.machine(), engine.now()); });
    }
    if (op == "ping") return answer(id, std::move(reply), nothing);
    if (op == "trace") {
        worker_.setTracing(flagIn(header, "on"));
        return answer(id, std::move(reply), nothing);
    }
    if (op == "describe") {
        worker_.watchPartitions();
        return answer(id, std::move(reply), [begun = std::optional<PartitionList::Time>()](Engine& engine) mutable {
            if (!begun) begun = engine.clock();
            return engine.describe(begun).then(descriptionHeader);
        });
    }
    if (op == "partitions") {
        return answer(id, std::move(reply), [begun = std::optional<PartitionList::Time>()](Engine& engine) mutable {
            if (!begun) begun = engine.clock();
            return engine.partitions(begun).then(
                [&](const auto& partitions) { return partitionsHeader(partitions, engine.freeColumns()); });
        });
    }
    if (op == "pick") {
        return answer(id, std::move(reply), [columns = columnsIn(header)](Engine&) {
            return Header{{"partition", partitionKey(columns).text}};
        });
    }
    if (op == "open") {
        return answer(id, std::move(reply),
                      [key = partitionIn(header), allowUnknown = flagIn(header, "allowUnknown"),
                       visit = Visit{askingIn(header)}](Engine& engine) mutable {
                          return engine.open(key, allowUnknown, visit).then([&](const auto& memories) {
                              return openedHeader(columnsNamedBy(key), memories);
                          });
                      });
    }
    if (op == "read") {
        ReadRequest request = readRequest(header);
        uint64_t total = 0;
        for (const ByteRange& range : request.ranges) total += std::min<uint64_t>(range.length, smallRead + 1);
        const bool overtakes = total <= smallRead;
        reply->expect(request, overtakes);
        worker_.post(std::make_unique<ReadTask>(id, std::move(reply), std::move(request)), overtakes);
        return;
    }
    if (op == "find") {
        FindRequest request = findRequest(header);
        reply->isLong();
        worker_.post(std::make_unique<FindTask>(id, std::move(reply), std::move(request)), false);
        return;
    }
    if (op == "watch") {
        if (!header.contains("survey")) {
            return watch(id, std::make_shared<ScanJob>(scanRequest(header)), std::move(reply));
        }
        return watch(id, std::make_shared<SurveyJob>(surveyRequest(header)), std::move(reply));
    }
    if (op == "record") return record(id, header, std::move(reply));
    if (op == "recording") {
        constexpr uint64_t mostLooks = uint64_t{1} << 53U;
        const uint64_t from = numberIn(header, "from", mostLooks);
        worker_.post(std::make_unique<RecordingTask>(id, std::move(reply), recordingOf(header), from), true);
        return;
    }
    if (op == "end-recording") {
        const auto job = recordingOf(header);
        if (flagIn(header, "forget")) recordings_.erase(recordingIn(header));
        recordingCount_ = recordings_.size();
        const auto end = [job](Engine&) {
            job->end(CoreError("cancelled", "the recording was ended"));
            return Header::object();
        };
        return answer(id, std::move(reply), end, true);
    }
    if (op == "status") {
        StatusRequest request = statusRequest(header);
        const bool few = request.tiles.size() <= fewTiles;
        worker_.post(std::make_unique<StatusTask>(id, std::move(reply), std::move(request)), few);
        return;
    }
    if (op == "clocks") {
        return answer(
            id, std::move(reply),
            [columns = columnsNamedBy(partitionIn(header)), on = flagIn(header, "on"),
             visit = Visit{Asking::person, true}](Engine& engine) mutable {
                return engine.setClocks(columns, on, visit).then([](bool running) { return Header{{"on", running}}; });
            });
    }
    if (op == "hold") {
        HoldRequest request = holdRequest(header, platform_.holderProgram);
        // Not urgent: it waits for another process, and reads need not.
        worker_.post(std::make_unique<HoldTask>(id, std::move(reply), std::move(request), platform_.holdProcess),
                     false);
        return;
    }
    if (op == "halt") return halt(id, header, std::move(reply));
    if (op == "debug-read") return debugRead(id, header, std::move(reply));
    if (op == "kernel-descriptor") {
        return answer(id, std::move(reply), [columns = columnsNamedBy(partitionIn(header))](Engine& engine) {
            return engine.takeKernelDescriptor(columns).then([](Done) { return Header::object(); });
        });
    }
    throw badRequest("no operation " + op.substr(0, 40));
}

} // namespace tilescope
