"""The demo merchant's catalogue and network: SKUs, how its warehouses work, shops, groups.

Invented goods. Everything through the public API; doing it twice changes nothing: files import
what differs, the rest is put as it is.
"""

from collections.abc import Callable
from typing import Any

from entrepot.demo.client import ApiClient, Refused

Say = Callable[[str], None]

_ATTRIBUTES = [
    ("/node-attributes", {"name": "cold", "type": "boolean",
                          "names": {"en": "Cold chain", "zh-CN": "冷链"}}),
    ("/sku-attributes", {"name": "cold", "type": "boolean",
                         "names": {"en": "Cold chain", "zh-CN": "冷链"}}),
    ("/sku-attributes", {"name": "season", "type": "choice", "names": {"en": "Season",
                         "zh-CN": "季节"}, "allowed": ["spring", "summer", "autumn", "winter"]}),
]  # fmt: skip
_NODES = """\
code,country,city,region,weekdays,opens,closes,staffed,minutes_per_shipment,minutes_per_unit,\
capacities,capabilities,attribute.cold
GZ-DC,CN,Guangzhou,CN-GD,1 2 3 4 5 6,08:00,22:00,1 08:00-17:00 x12; 2 08:00-17:00 x12; \
3 08:00-17:00 x12; 4 08:00-17:00 x12; 5 08:00-17:00 x12; 6 08:00-17:00 x6,5,1,\
shipments=3000,bulky fragile,true
SH-RDC,CN,Shanghai,CN-SH,1 2 3 4 5 6,08:00,20:00,1 08:00-17:00 x8; 2 08:00-17:00 x8; \
3 08:00-17:00 x8; 4 08:00-17:00 x8; 5 08:00-17:00 x8; 6 08:00-17:00 x4,5,1,\
shipments=1800,fragile,false
LAX-3PL,US,Ontario,US-CA,1 2 3 4 5,08:00,18:00,,,,shipments=600,bulky fragile,false
HAM-3PL,DE,Hamburg,DE-HH,1 2 3 4 5,07:00,19:00,,,,shipments=500,fragile,false
"""
_SKUS = """\
code,name.en,name.zh-CN,weight_g,length_mm,width_mm,height_mm,tags,packs,parts,other_codes,\
attribute.season
CUP-BLUE,Blue stoneware cup,蓝陶杯,320,95,95,100,fragile,"box=8, weight_g=2700",,,
CUP-SAND,Sand stoneware cup,沙色陶杯,320,95,95,100,fragile,"box=8, weight_g=2700",,,
POT-1L,"Teapot, one litre",一升茶壶,850,220,160,150,fragile,box=4,,,
TEA-SET-6,Tea set for six,六人茶具套装,2900,400,300,200,fragile,,CUP-BLUE=6; POT-1L=1,,
TEA-SET-2,Tea set for two,双人茶具套装,1600,300,300,180,fragile,,CUP-SAND=2; POT-1L=1,,
LAMP-RICE,Rice paper lamp,宣纸落地灯,1900,450,450,300,fragile,,,LAMP-OLD,
RUG-160,"Wool rug, 160 cm",羊毛地毯 160 厘米,6400,1650,220,220,bulky,,,,winter
SHELF-5,"Oak shelf, five boards",五层橡木书架,18500,1820,420,120,bulky,,,,
THROW-BLUE,Indigo throw,靛蓝盖毯,780,350,280,80,,case=20,,,winter
CANDLE-3,"Candles, three",三支蜡烛,410,180,120,70,,case=24,,,
MOONCAKE-8,"Mooncakes, eight",月饼八枚,960,300,300,80,,,,,autumn
VASE-S,Small vase,小花瓶,540,120,120,220,fragile,third=1/3,,,spring
"""
_CHANNELS = [
    ("WEB-CN", {"en": "Shop, China", "zh-CN": "中国商城"}, ["GZ-DC", "SH-RDC"]),
    ("TMALL", {"en": "Tmall", "zh-CN": "天猫旗舰店"}, ["SH-RDC", "GZ-DC"]),
    ("WEB-US", {"en": "Shop, United States", "zh-CN": "美国站"}, ["LAX-3PL", "GZ-DC"]),
    ("WEB-EU", {"en": "Shop, Europe", "zh-CN": "欧洲站"}, ["HAM-3PL", "SH-RDC"]),
]
_GROUPS: list[tuple[str, dict[str, Any]]] = [
    ("EU", {"names": {"en": "Europe", "zh-CN": "欧洲"}, "isolated": True, "nodes": ["HAM-3PL"]}),
    ("CN", {"names": {"en": "China", "zh-CN": "中国"}, "nodes": ["GZ-DC", "SH-RDC"],
            "rules": [{"to": "EU", "verdict": "allow"}]}),
]  # fmt: skip


def seed_catalogue(client: ApiClient, say: Say) -> None:
    """The merchant's goods and places."""
    say("heyu: catalogue, channels")
    for target, attribute in _ATTRIBUTES:
        client.post(target, attribute)
    client.post("/skus/import", {"csv": _SKUS})
    client.post("/nodes/import", {"csv": _NODES})
    for code, group in _GROUPS:
        client.put(f"/node-groups/{code}", group)
    for code, names, nodes in _CHANNELS:
        pool = [{"node": node, "priority": place} for place, node in enumerate(nodes, 1)]
        document: dict[str, Any] = {"names": names, "pool": pool}
        if code == "WEB-EU":
            document["group"] = "EU"
        try:
            client.post("/channels", {"code": code, **document})
        except Refused as refused:
            if refused.status != 409:
                raise
