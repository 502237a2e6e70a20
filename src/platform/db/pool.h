// A bounded pool of connections: opened when first needed, handed to one user at a time. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::db {

template <class Connection>
class Pool {
 public:
  using Open = std::function<Result<std::unique_ptr<Connection>>()>;

  Pool(std::size_t capacity, Open open) : capacity_(capacity == 0 ? 1 : capacity), open_(std::move(open)) {}

  // A connection on loan; goes back to the pool at the end of its life.
  class Loan {
   public:
    Loan(Pool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits while all are lent out. Errors: those of opening.
  Result<Loan> borrow() {
    {
      std::unique_lock guard(mutex_);
      returned_.wait(guard, [&] { return !idle_.empty() || open_count_ < capacity_; });
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return Loan(*this, std::move(connection));
      }
      ++open_count_;
    }
    auto connection = open_();
    if (connection.has_value()) return Loan(*this, std::move(*connection));
    {
      std::lock_guard guard(mutex_);
      --open_count_;
    }
    returned_.notify_one();
    return std::unexpected(std::move(connection).error());
  }

 private:
  void give_back(std::unique_ptr<Connection> connection) {
    {
      std::lock_guard guard(mutex_);
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
  }

  const std::size_t capacity_;
  const Open open_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_count_ = 0;
};

}  // namespace handschlag::db
