#include "features/imports/sender.h"

#include <algorithm>
#include <thread>

#include "features/imports/intake.h"

namespace handschlag::imports {
namespace {

constexpr std::size_t kUnderWay = 6;  // batches: one being written, one waiting for each region, one being made
constexpr int kTriesUnavailable = 5;
constexpr std::chrono::milliseconds kShortestPause{50};
constexpr std::chrono::milliseconds kLongestPause{2'000};  // somebody waits for the import, or for what is wrong

}  // namespace

Sender::Sender(events::Events& events, sources::SourcePointer source, const Mapping& mapping, const Clock& clock,
               Hooks hooks)
    : events_(events), source_(std::move(source)), mapping_(mapping), clock_(clock), hooks_(std::move(hooks)) {}

Sender::~Sender() {
  for (const auto& batch : under_way_) wait_for(*batch);
}

Result<void> Sender::send(DocumentBatch documents) {
  while (under_way_.size() >= kUnderWay) TRY(settle_oldest());
  auto batch = std::make_shared<Batch>();
  batch->documents = std::move(documents);
  under_way_.push_back(batch);
  submit(batch);
  return {};
}

Result<void> Sender::finish() {
  while (!under_way_.empty()) TRY(settle_oldest());
  return {};
}

void Sender::submit(const std::shared_ptr<Batch>& batch) {
  ++batch->tries;
  std::vector<events::Intake> intakes;
  intakes.reserve(batch->documents.size());
  Time now = clock_.now();
  for (const auto& document : batch->documents) intakes.push_back(make_intake(mapping_, *document, now));
  events_.submit(source_, std::move(intakes), [batch, mailbox = mailbox_](Result<events::Outcome> answer) {
    std::lock_guard lock(mailbox->mutex);
    batch->answer = std::move(answer);
    mailbox->arrived.notify_all();
  });
}

void Sender::wait_for(const Batch& batch) {
  std::unique_lock lock(mailbox_->mutex);
  mailbox_->arrived.wait(lock, [&] { return batch.answer.has_value(); });
}

// Takes the oldest batch off, sending it again where the server was busy.
Result<void> Sender::settle_oldest() {
  std::shared_ptr<Batch> batch = under_way_.front();
  while (true) {
    wait_for(*batch);
    if (batch->answer->has_value()) break;
    Error error = batch->answer->error();
    bool again =
        error.kind == ErrorKind::too_many || (error.kind == ErrorKind::unavailable && batch->tries < kTriesUnavailable);
    if (!again || !pause(error.retry_after)) {
      under_way_.pop_front();
      return std::unexpected(std::move(error));
    }
    batch->answer.reset();  // nobody else looks at it: its answer has come
    submit(batch);
  }
  under_way_.pop_front();
  return hooks_.committed(batch->documents, **batch->answer);
}

// False where the import was cancelled meanwhile.
bool Sender::pause(std::chrono::milliseconds time) {
  auto until = std::chrono::steady_clock::now() + std::clamp(time, kShortestPause, kLongestPause);
  while (std::chrono::steady_clock::now() < until) {
    if (hooks_.cancelled()) return false;
    std::this_thread::sleep_for(kShortestPause);
  }
  return !hooks_.cancelled();
}

}  // namespace handschlag::imports
