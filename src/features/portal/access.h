// How people come in: codes by mail, and the sessions that they open. Private to the slice; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "features/portal/portal.h"

namespace handschlag::portal {

class Access {
 public:
  // `home`: where codes and sessions lie. Everything must outlive this. Errors: unavailable.
  static Result<std::unique_ptr<Access>> create(const Place& home, outreach::Outreach& outreach, const Clock& clock,
                                                const Settings& settings);

  // As in Portal.
  Result<void> ask(std::string_view address, std::string_view language, std::string_view caller);
  Result<Session> sign_in(std::string_view address, std::string_view code, std::string_view caller);
  Result<http::Principal> authenticate(const http::Request& request);
  Result<Session> session(const http::Request& request);
  Result<void> sign_out(const Customer& customer);
  Result<void> purge();

 private:
  struct Open {
    Customer customer;
    Time expires_at{};
  };
  Access(const Place& home, crypto::Key secret, outreach::Outreach& outreach, const Clock& clock,
         const Settings& settings)
      : home_(home), secret_(std::move(secret)), outreach_(outreach), clock_(clock), settings_(settings) {}

  std::string address_digest(const identity::Key& address) const;
  std::string code_digest(const identity::Key& address, std::string_view code) const;
  Result<crypto::Key> session_key(std::string_view text) const;
  Result<Session> open_session(db::Transaction& tx, const identity::Key& address, Time now) const;
  Result<Open> find(std::string_view text);

  const Place home_;
  const crypto::Key secret_;
  outreach::Outreach& outreach_;
  const Clock& clock_;
  const Settings settings_;
  http::Buckets askers_{20'000};
  http::Buckets triers_{20'000};
};

}  // namespace handschlag::portal
