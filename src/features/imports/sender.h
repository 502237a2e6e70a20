// Sends documents as events, a few batches at once, and knows how far everything is durable. Used by one thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "features/events/events.h"
#include "features/imports/documents.h"
#include "features/imports/mapping.h"

namespace handschlag::imports {

using DocumentBatch = std::vector<std::unique_ptr<Document>>;

class Sender {
 public:
  struct Hooks {
    // A batch is durable, and so is every one before it.
    std::function<Result<void>(const DocumentBatch&, const events::Outcome&)> committed;
    std::function<bool()> cancelled;
  };

  // Everything handed over must outlive this.
  Sender(events::Events& events, sources::SourcePointer source, const Mapping& mapping, const Clock& clock,
         Hooks hooks);
  // Waits for what is under way.
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Waits while too much is under way. Errors: those of Events::submit that waiting does not mend; those of the hook.
  Result<void> send(DocumentBatch batch);
  // Waits until everything sent is durable, or given up after a cancellation.
  Result<void> finish();

 private:
  // Told by the events' thread, which may outlive neither.
  struct Mailbox {
    std::mutex mutex;
    std::condition_variable arrived;
  };
  struct Batch {
    DocumentBatch documents;
    std::optional<Result<events::Outcome>> answer;
    int tries = 0;
  };

  void submit(const std::shared_ptr<Batch>& batch);
  Result<void> settle_oldest();
  void wait_for(const Batch& batch);
  bool pause(std::chrono::milliseconds time);

  events::Events& events_;
  const sources::SourcePointer source_;
  const Mapping& mapping_;
  const Clock& clock_;
  const Hooks hooks_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::deque<std::shared_ptr<Batch>> under_way_;  // in the order they were sent
};

}  // namespace handschlag::imports
