// Consents as the API has them.
#pragma once

#include "features/preferences/preferences.h"
#include "platform/json/json.h"

namespace handschlag::preferences {

json::Value to_json(const Consents& consents);
json::Value to_json(const Receipt& receipt);
json::Value to_json(const Found& found);

// The receipt after ISO/IEC TS 27560, in the words of the Data Privacy Vocabulary; of any statement, a no too.
json::Value receipt_json(const Receipt& receipt);

}  // namespace handschlag::preferences
