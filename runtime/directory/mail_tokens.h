#pragma once

#include <string>
#include <string_view>

#include "runtime/directory/records.h"
#include "runtime/port/mail.h"

namespace troupe::directory {

// What a user is asked in a letter to his address, and does by sending the token in it: choose
// another password, or show that the address is his. A token counts once and for one purpose; the
// store has its hash alone.

inline constexpr Duration kResetLife = seconds(3'600);
inline constexpr Duration kVerificationLife = seconds(86'400);
/// A user gets no more letters of a kind than one in this time.
inline constexpr Duration kLetterPause = seconds(60);
Duration life_of(MailPurpose purpose);

struct MadeMailToken {
  User user;
  std::string text;  ///< goes into the letter alone; empty: he has just been sent one
};
/// Takes the place of the user's token of the same purpose. Locks: the user. kNotFound.
Result<store::Change> make_mail_token(store::Documents& documents,
                                      const Context& context,
                                      UserId user,
                                      MailPurpose purpose,
                                      MadeMailToken* made);

/// Whose token this is. kNotFound for a text that is none of this purpose, over, used, or sent to
/// an address that is not the user's any more.
Result<User> user_of_mail_token(store::Documents& documents,
                                const Hasher& hasher,
                                std::string_view text,
                                MailPurpose purpose,
                                TimePoint now);

/// Gives the user of the token this password, and shows his address. All his sessions end, and what
/// he was connecting. Locks: the user. kNotFound.
Result<store::Change> reset_password(store::Documents& documents,
                                     const Context& context,
                                     std::string_view text,
                                     const std::string& new_hash);
/// Locks: the user. kNotFound.
Result<store::Change> verify_address(store::Documents& documents,
                                     const Context& context,
                                     std::string_view text);

// The letters. `pages` is where whoever runs the installation has pages for them: the token stands
// behind a #, which no browser sends to a server. Nothing in them is text of somebody else's.

Mail letter_of(MailPurpose purpose, const MadeMailToken& made, std::string_view pages);
Mail invite_letter(const std::string& email, std::string_view workspace_slug,
                   std::string_view token, std::string_view pages);

}  // namespace troupe::directory
