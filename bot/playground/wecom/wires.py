"""The wire formats of WeCom's callbacks, over wechatpy's crypto so that they are no mirror of the bot's own."""

import json
from typing import Any

from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException

from bot.playground.account import Account
from bot.playground.wecom.corp import AiBot, Corp
from bot.playground.wire import BadReply, Fields, Reply, Wire, check_padding, signature

STREAM_LIMIT_BYTES = 20480
_ENVELOPE_KEYS = {"encrypt", "msgsignature", "timestamp", "nonce"}


class AppWire(Wire):
    """The self-built app: XML in the safe mode only, the corpid in the plaintext (path/90238)."""

    def __init__(self, corp: Corp) -> None:
        # A corp's app stands where an account does; its replies have the same form.
        account = Account(corp.corp_id, corp.secret, corp.token, corp.encoding_aes_key, gh_id=corp.corp_id)
        super().__init__(account, "xml", "safe")
        self._corp = corp

    def seal_echo(self, echo: str, timestamp: int, nonce: str) -> dict[str, str]:
        """Make the query of the address check; its echostr is encrypted."""
        return _seal_echo(
            PrpCrypto(self._crypto.key), self._corp.token, self._corp.corp_id, echo, timestamp, nonce
        )

    def sign_and_seal(
        self, plaintext: str, timestamp: int, nonce: str, openid: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """See CallbackWire."""
        encrypted = PrpCrypto(self._crypto.key).encrypt(plaintext, self._corp.corp_id).decode()
        query = _query(self._corp.token, encrypted, timestamp, nonce)
        body = self.render(
            {"ToUserName": self._corp.corp_id, "Encrypt": encrypted, "AgentID": str(self._corp.agent_id)}
        )
        return query, body.encode()


class BotWire:
    """An aibot: JSON with lower-case keys, an empty receiveid, answers signed with the nonce of the question.

    developer.work.weixin.qq.com/document/path/101033 and 101031.
    """

    content_type = "application/json"

    def __init__(self, aibot: AiBot) -> None:
        self._aibot = aibot
        self._key: bytes = WeChatCrypto(aibot.token, aibot.encoding_aes_key, "").key
        self._prp = PrpCrypto(self._key)

    def seal_echo(self, echo: str, timestamp: int, nonce: str) -> dict[str, str]:
        """Make the query of the address check; its echostr is encrypted."""
        return _seal_echo(self._prp, self._aibot.token, "", echo, timestamp, nonce)

    def render(self, fields: Fields) -> str:
        """See CallbackWire."""
        return json.dumps(fields, ensure_ascii=False)

    def sign_and_seal(
        self, plaintext: str, timestamp: int, nonce: str, openid: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """See CallbackWire."""
        encrypted = self._prp.encrypt(plaintext, "").decode()
        return _query(self._aibot.token, encrypted, timestamp, nonce), json.dumps(
            {"encrypt": encrypted}
        ).encode()

    def open_reply(self, body: bytes, openid: str, nonce: str = "") -> Reply | None:
        """See CallbackWire."""
        if not body.strip():
            return None
        envelope = _parse(body)
        if set(envelope) != _ENVELOPE_KEYS:
            raise BadReply(f"the envelope has the fields {sorted(envelope)}")
        encrypted, timestamp = envelope["encrypt"], envelope["timestamp"]
        if not isinstance(timestamp, int) or isinstance(timestamp, bool):
            raise BadReply("timestamp is not a number")
        if envelope["nonce"] != nonce:
            raise BadReply("nonce is not the one of the question")
        if envelope["msgsignature"] != signature(self._aibot.token, str(timestamp), nonce, str(encrypted)):
            raise BadReply("msgsignature is wrong")
        return read_bot_reply(_parse(self._unseal(str(encrypted))))

    def _unseal(self, encrypted: str) -> bytes:
        try:
            check_padding(self._key, encrypted)
            text: str | bytes = self._prp.decrypt(encrypted, "")
        except InvalidAppIdException as error:
            raise BadReply("the receiveid is not empty") from error
        except BadReply:
            raise
        except Exception as error:  # wechatpy lets whatever the damage causes through
            raise BadReply("the reply cannot be decrypted") from error
        return text.encode() if isinstance(text, str) else text


def read_bot_reply(data: dict[str, Any]) -> Reply:
    """Read what an aibot answers in a group: a stream or a card; plain text is for welcomes only. Raises BadReply."""
    kind = data.get("msgtype")
    if kind == "template_card":
        card = data.get("template_card")
        title = card.get("main_title", {}).get("title") if isinstance(card, dict) else None
        if not isinstance(title, str):
            raise BadReply("a card without its title")
        return Reply(f"[卡片] {title}")
    stream = data.get("stream")
    if kind != "stream" or not isinstance(stream, dict):
        raise BadReply(f"msgtype {kind!r} is no answer to a message")
    content, name, finish = stream.get("content", ""), stream.get("id"), stream.get("finish", False)
    if not isinstance(content, str) or not isinstance(finish, bool) or not isinstance(name, str) or not name:
        raise BadReply("the stream has no id, finish or content of the right kind")
    if len(content.encode("utf-8", "surrogatepass")) > STREAM_LIMIT_BYTES:
        raise BadReply(f"content is over {STREAM_LIMIT_BYTES} bytes")
    return Reply(content, "" if finish else name)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadReply("the reply is not json") from error
    if not isinstance(data, dict):
        raise BadReply("the reply has no fields")
    return data


def _query(token: str, encrypted: str, timestamp: int, nonce: str) -> dict[str, str]:
    signed = signature(token, str(timestamp), nonce, encrypted)
    return {"msg_signature": signed, "timestamp": str(timestamp), "nonce": nonce}


def _seal_echo(
    prp: Any, token: str, receive_id: str, echo: str, timestamp: int, nonce: str
) -> dict[str, str]:
    encrypted: str = prp.encrypt(echo, receive_id).decode()
    return _query(token, encrypted, timestamp, nonce) | {"echostr": encrypted}
