#pragma once

#include <functional>
#include <optional>
#include <string>

#include "adapters/http/change.h"
#include "adapters/http/credential.h"
#include "runtime/directory/sign_in.h"

namespace troupe::http {

// What the handlers of accounts and of signing in share.

directory::Stamp stamp_of(const CallPtr& call);

std::string user_json(const directory::User& user);
std::string session_json(const CallPtr& call, const directory::User& user, std::string_view token,
                         TimePoint expires);
/// The session, with its cookie.
void send_session(const CallPtr& call, const directory::SignedIn& in, int status);

/// `secret_key` of the session that the browser has had so far; empty: it brings none.
std::string replaced_session(const CallPtr& call);

/// Takes one try from this address, and from this account if one is named; false, and answered, if
/// either has none left. Taken before anything is looked at, so that tries side by side are no more
/// than in a row.
bool may_try(const CallPtr& call, const std::string& email = {});
/// Notes in the process's log that somebody has not got in, for whoever watches for guessing. The
/// tries of `may_try` bound the lines. `user`: whose account it was; unset: nobody's.
void note_failure(const CallPtr& call, std::string_view way, UserId user);
/// A try that was right counts for nothing.
void give_back_try(const CallPtr& call, const std::string& email = {});

/// Goes on with the user of the session or token that asks.
void with_user(const CallPtr& call, std::function<void(const directory::User&)> use);

}  // namespace troupe::http
