// The bodies of Boost.Asio for TLS, compiled once.
#include <boost/asio/ssl/impl/src.hpp>
