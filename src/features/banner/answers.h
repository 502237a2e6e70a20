// Takes down as statements what people say to a banner, and by the signal of their browser: once each time it changes.
// Thread-safe.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "features/events/events.h"
#include "features/law/law.h"
#include "features/notices/notices.h"
#include "platform/db/db.h"

namespace handschlag::banner {

class Answers final : public events::Listener {
 public:
  // A version that is or was published; nullptr: none.
  using Find = std::function<notices::NoticePointer(std::string_view id, std::int64_t version)>;
  // `law` must outlive this.
  Answers(Find find, const law::InForce& law) : find_(std::move(find)), law_(law) {}

  // A yes of a public source is a claim: it does not take back a no that was said more surely. A signal of the browser
  // is taken down once as an objection, to selling and to personal advertising; whoever then agrees to them has
  // decided.
  Result<void> heard(db::Transaction& tx, events::Cell& cell, std::span<const events::Spoken> batch) override;

 private:
  Result<void> take_answer(db::Transaction& tx, events::Cell& cell, const events::Spoken& spoken);
  Result<void> take_signal(db::Transaction& tx, events::Cell& cell, const events::Spoken& spoken);
  Result<consent::Statement> statement_of(db::Transaction& tx, events::Cell& cell, const events::Spoken& spoken) const;
  // The notice that was shown for a purpose, as the client names it.
  notices::NoticePointer shown_for(gate::Purpose purpose, const events::Spoken& spoken) const;

  const Find find_;
  const law::InForce& law_;
};

}  // namespace handschlag::banner
