"""Texts on which an exported model must agree with its original."""

from __future__ import annotations

__all__ = ["PROBES"]

PROBES: tuple[str, ...] = (
    "Where is my parcel?",
    "ok",
    "I was charged twice for the same order, please refund one of the payments.",
    "The capital of Australia is Canberra, although many people believe it is Sydney.",
    "Write a haiku about the sea in winter.",
    "def area(radius):\n    return 3.14159 * radius ** 2",
    "SELECT name, COUNT(*) FROM orders WHERE total > 99.50 GROUP BY name;",
    "12 + 30 = 42, and 42 * 2 = 84; therefore x = 7.",
    "Der Aufzug im dritten Stock ist seit gestern außer Betrieb.",
    "¿Cómo puedo restablecer mi contraseña si ya no tengo acceso al correo?",
    "Le train de nuit pour Vienne part à 22 h 47 du quai numéro neuf.",
    "Доставка задерживается из-за погоды.",
    "请问我的订单什么时候发货?",
    "متى يصل الطرد الخاص بي؟",
    "THE SALE ENDS TONIGHT!!! Click http://example.com/win?id=77 NOW",
    "Chlorophyll absorbs mostly blue and red light, which is why leaves look green to us.",
    "not bad at all, but I would not go there again :(",
    '{"role": "user", "content": "Summarise this contract in two sentences."}',
    "Preheat the oven to 180 degrees. Mix flour, sugar and butter, add two eggs, pour the batter "
    "into a tin and bake it for forty minutes until a wooden stick comes out clean.",
    "Shares of the carmaker fell 4.2 percent on Tuesday after it cut its forecast for the year, "
    "citing weak demand in Europe and the cost of recalling 300,000 vehicles with faulty brakes. "
    "Analysts had expected a smaller cut. The company said it would close one of its two plants "
    "in the north by the end of next year and offer new jobs to most of the 2,100 workers there.",
    "Once there was a clockmaker who lived above his shop at the end of a narrow street. " * 14,
)
